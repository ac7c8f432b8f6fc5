import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { runCommandLine } from '../../../src/cli/run-command-line.js';
import { plainTerminal } from './plain-terminal.js';

async function awaitFile(path: string): Promise<void> {
  while (!existsSync(path)) await delay(20);
}

/**
 * The program `racer.mjs FOLDER INDEX ROUNDS WORD…`: the same command line of qplug in each round, at the same moment as the other racers
 * (test/in-rounds.ts). Its outcome is the exit code and the first line that went wrong.
 */
export async function main([folder = '', , rounds = '0', ...words]: readonly string[]): Promise<void> {
  for (let round = 0; round < Number(rounds); round++) {
    await awaitFile(`${folder}/round-${round}`);
    let err = '';
    const keep = (text: string): void => {
      err += text;
    };
    const code = await runCommandLine(
      words,
      plainTerminal(() => undefined, keep),
    );
    process.stdout.write(`${round} ${code} ${/^error: .*$/m.exec(err)?.[0] ?? ''}\n`);
    await awaitFile(`${folder}/over-${round}`);
    process.stdout.write(`${round} over\n`);
  }
}
