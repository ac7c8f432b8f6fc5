import { existsSync } from 'node:fs';
import { Store, type StoreDesign } from '../../../../src/registry/store.js';
import { driverNamed } from '../drivers.js';

/*
 * A process that raises one number in a database again and again, as soon as the file `go` is there, and notes each commit in a table. It
 * prints each number that it committed. Words: the folder, its name, the SQLite library, how often; `stay`: one connection for all.
 */
const DESIGN: StoreDesign = {
  name: 'counts',
  application: 78,
  migrations: [
    `CREATE TABLE count (value INTEGER NOT NULL) STRICT;
     INSERT INTO count VALUES (0);
     CREATE TABLE done (value INTEGER NOT NULL PRIMARY KEY, who TEXT NOT NULL) STRICT`,
  ],
};

const [folder = '', me = '', library, times = '0', stay] = process.argv.slice(2);
const path = `${folder}/run/counts.db`;
const driver = driverNamed(library);
using kept = stay === undefined ? undefined : Store.open(path, DESIGN, driver);
process.stdout.write('ready\n');
while (!existsSync(`${folder}/go`)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
for (let time = 0; time < Number(times); time++) {
  const store = kept ?? Store.open(path, DESIGN, driver);
  const value = store.transaction(() => {
    const next = Number(store.rows(['value'], 'count', [], (row) => row['value'])[0]) + 1;
    store.run('UPDATE count SET value = ?', [next]);
    store.run('INSERT INTO done VALUES (?, ?)', [next, me]);
    return next;
  });
  // at once, so that nothing of it is lost when the process is killed
  process.stdout.write(`${value}\n`);
  if (kept === undefined) store[Symbol.dispose]();
}
