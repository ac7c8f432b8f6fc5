import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/**
 * Runs a program in several processes that all do the same at once, round after round: each waits for the file `round-N`, prints
 * `N OUTCOME`, waits for `over-N` and prints `N over`.
 *
 * @returns the outcomes of each round, sorted
 */
export async function inRounds(
  program: string,
  folder: string,
  { processes, rounds }: { readonly processes: number; readonly rounds: number },
): Promise<string[][]> {
  const lines: string[] = [];
  let heard: () => void = () => undefined;
  const children = Array.from({ length: processes }, (_, index) => {
    const words = [program, folder, String(index), String(rounds)];
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      heard();
    });
    return child;
  });
  const all = async (round: number, isOne: (word: string) => boolean): Promise<string[]> => {
    for (;;) {
      const words = lines.filter((line) => line.startsWith(`${round} `)).map((line) => line.split(' ')[1] ?? '');
      const found = words.filter(isOne);
      if (found.length === processes) return found;
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
    }
  };
  const outcomes: string[][] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      writeFileSync(join(folder, `round-${round}`), '');
      outcomes.push((await all(round, (word) => word !== 'over')).toSorted());
      writeFileSync(join(folder, `over-${round}`), '');
      await all(round, (word) => word === 'over');
    }
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
  return outcomes;
}
