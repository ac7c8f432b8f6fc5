import { existsSync } from 'node:fs';
import { AssignmentStore } from '../../../../src/registry/index.js';

/*
 * A process that adds an assignment of its own to one VM in each of several rounds, as soon as the round's file is there. With the word
 * `dies` it ends itself by SIGKILL in the middle of its first change: while it holds the lock, before it has written anything.
 */
const [folder = '', me = '', rounds = '0', dies] = process.argv.slice(2);
const store = new AssignmentStore(`${folder}/state`);
const { signal } = new AbortController();
const pause = (): unknown => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
for (let round = 0; round < Number(rounds); round++) {
  while (!existsSync(`${folder}/round-${round}`)) pause();
  const select = `serial=${me}-${round}`;
  await store.change(
    'bench',
    (record) => {
      if (dies === 'dies') process.kill(process.pid, 'SIGKILL');
      const id = Math.max(0, ...record.assignments.map((one) => one.id)) + 1;
      const made = new Date(0).toISOString();
      return { ...record, assignments: [...record.assignments, { id, select, made }] };
    },
    signal,
  );
  process.stdout.write(`${round} done\n`);
  while (!existsSync(`${folder}/over-${round}`)) pause();
  process.stdout.write(`${round} over\n`);
}
