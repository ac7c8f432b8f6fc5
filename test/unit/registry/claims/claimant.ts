import { existsSync } from 'node:fs';
import { ClaimStore } from '../../../../src/registry/index.js';
import { claimOf } from '../claim-samples.js';
import { driverNamed } from '../drivers.js';

/*
 * A process that claims one device for a VM of its own in each of several rounds, as soon as the round's file is there. It prints
 * the outcome of each: `won`, or the VM that has it. The winner of a round gives it up when that is over. Further words: the name of the
 * SQLite library; `anew`: each round has a database of its own, which nobody has made yet.
 */
const [folder = '', me = '', rounds = '0', driver, anew] = process.argv.slice(2);
const pause = (): unknown => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
for (let round = 0; round < Number(rounds); round++) {
  while (!existsSync(`${folder}/round-${round}`)) pause();
  using store = new ClaimStore(anew === undefined ? folder : `${folder}/anew-${round}`, driverNamed(driver));
  const claim = claimOf(`vm-${'x'.repeat(Number(me))}`);
  const [other] = store.take([claim]);
  process.stdout.write(`${round} ${other === undefined ? 'won' : other.owner.vm}\n`);
  while (!existsSync(`${folder}/over-${round}`)) pause();
  if (other === undefined) store.change([claim], () => undefined);
  process.stdout.write(`${round} over\n`);
}
