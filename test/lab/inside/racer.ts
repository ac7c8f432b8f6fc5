import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import pico from 'picocolors';
import { runCommandLine } from '../../../src/cli/run-command-line.js';

async function awaitFile(path: string): Promise<void> {
  while (!existsSync(path)) await delay(20);
}

/**
 * The program `racer.mjs FOLDER INDEX ROUNDS WORD…`: the same command line of qplug in each round, at the same moment as the other racers
 * (test/in-rounds.ts). Its outcome is the exit code and the first line that went wrong.
 */
export async function main([folder = '', , rounds = '0', ...words]: readonly string[]): Promise<void> {
  const plain = pico.createColors(false);
  for (let round = 0; round < Number(rounds); round++) {
    await awaitFile(`${folder}/round-${round}`);
    let err = '';
    const code = await runCommandLine(words, {
      out: () => undefined,
      err: (text) => {
        err += text;
      },
      outColors: plain,
      errColors: plain,
      columns: undefined,
      errColumns: undefined,
      env: process.env,
      uid: 0,
      signal: new AbortController().signal,
    });
    process.stdout.write(`${round} ${code} ${/^error: .*$/m.exec(err)?.[0] ?? ''}\n`);
    await awaitFile(`${folder}/over-${round}`);
    process.stdout.write(`${round} over\n`);
  }
}
