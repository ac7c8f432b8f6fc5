import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

interface Race {
  readonly processes: number;
  readonly rounds: number;
  /** Further words for the process of that number, from 0. */
  readonly words?: ((index: number) => readonly string[]) | undefined;
  /** Their environment; default ours. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Done after each round, when all have told their outcome and before the next. */
  readonly after?: ((outcomes: readonly string[]) => Promise<void>) | undefined;
}

/**
 * Runs the program `PROGRAM FOLDER INDEX ROUNDS WORD…` in several processes that all do the same at once, round after round: each waits
 * for the file `FOLDER/round-N`, prints `N OUTCOME`, waits for `over-N` and prints `N over`.
 *
 * @returns the outcomes of each round, sorted
 */
export async function inRounds(
  program: string,
  folder: string,
  { processes, rounds, words = () => [], env = process.env, after }: Race,
): Promise<string[][]> {
  const lines: string[] = [];
  let heard: () => void = () => undefined;
  let died: string | undefined;
  const children = Array.from({ length: processes }, (_, index) => {
    const args = [program, folder, String(index), String(rounds), ...words(index)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      heard();
    });
    child.once('close', (code, signal) => {
      if (code !== 0) died = `a racer ended with ${signal ?? code}: ${said}`;
      heard();
    });
    return child;
  });
  const all = async (round: number, isOne: (outcome: string) => boolean): Promise<string[]> => {
    for (;;) {
      const begin = `${round} `;
      const told = lines.filter((line) => line.startsWith(begin)).map((line) => line.slice(begin.length));
      const found = told.filter(isOne);
      if (found.length === processes) return found;
      if (died !== undefined) throw new Error(died);
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
    }
  };
  const outcomes: string[][] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      writeFileSync(join(folder, `round-${round}`), '');
      const told = (await all(round, (outcome) => outcome !== 'over')).toSorted();
      outcomes.push(told);
      await after?.(told);
      writeFileSync(join(folder, `over-${round}`), '');
      await all(round, (outcome) => outcome === 'over');
    }
    // each ends by itself after its last round
    await Promise.all(children.map(async (child) => child.exitCode ?? once(child, 'exit')));
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
  return outcomes;
}
