import { existsSync } from 'node:fs';
import { VmRegistry } from '../../../../src/registry/index.js';
import { DEAD, recordOf } from '../records.js';

/*
 * A process that claims a name in each of several rounds, as soon as the round's file is there. It prints the outcome of each:
 * `won`, or the code of the error. The winner of a round leaves a dead record, for the next round to clear away.
 */
const [folder = '', , rounds = '0'] = process.argv.slice(2);
const registry = new VmRegistry(folder);
const outcomes: string[] = [];
for (let round = 0; round < Number(rounds); round++) {
  while (!existsSync(`${folder}/round-${round}`)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  try {
    registry.claim(recordOf('bench', folder));
    registry.update(recordOf('bench', folder));
    outcomes.push('won');
  } catch (error) {
    outcomes.push((error as { code: string }).code);
  }
  process.stdout.write(`${round} ${outcomes.at(-1)}\n`);
  while (!existsSync(`${folder}/over-${round}`)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  if (outcomes.at(-1) === 'won') registry.update(recordOf('bench', folder, { qemu: DEAD }));
  process.stdout.write(`${round} over\n`);
}
