import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { runCommandLine } from '../src/cli/run-command-line.js';
import type { Terminal } from '../src/cli/terminal.js';
import { plainTerminal } from './plain-terminal.js';

async function awaitFile(path: string): Promise<void> {
  while (!existsSync(path)) await delay(20);
}

/**
 * A program for `inRounds`, called with FOLDER INDEX ROUNDS WORD…: the same command line of qplug in each round, at the same moment as
 * the other racers. Its outcome is the exit code, what went wrong first, and where.
 *
 * @param given - the host, where it is not this one
 */
export async function race(
  [folder = '', , rounds = '0', ...words]: readonly string[],
  given: Pick<Terminal, 'sysfs'> = {},
): Promise<void> {
  for (let round = 0; round < Number(rounds); round++) {
    await awaitFile(`${folder}/round-${round}`);
    let err = '';
    const keep = (text: string): void => {
      err += text;
    };
    const code = await runCommandLine(words, { ...plainTerminal(() => undefined, keep), ...given });
    const [, what = '', where = ''] = /^(error: .*)\n(?: {2}at +(.*))?/m.exec(err) ?? [];
    process.stdout.write(`${round} ${code} ${what}${where === '' ? '' : ` @ ${where}`}\n`);
    await awaitFile(`${folder}/over-${round}`);
    process.stdout.write(`${round} over\n`);
  }
}
