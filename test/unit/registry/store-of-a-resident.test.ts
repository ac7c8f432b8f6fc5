import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ClaimStore } from '../../../src/registry/index.js';
import { Store, type StoreDesign } from '../../../src/registry/store.js';
import { claimOf } from './claim-samples.js';
import { DRIVERS } from './drivers.js';

const DESIGN: StoreDesign = { name: 'things', application: 77, migrations: ['CREATE TABLE thing (word TEXT)'] };
const LATER: StoreDesign = { ...DESIGN, migrations: [...DESIGN.migrations, 'ALTER TABLE thing ADD COLUMN size'] };

/** More openings than descriptors that a process may have by default (1024), even if each cost only one. */
const OFTEN = 2000;

describe.each(DRIVERS)('a process that stays, with $name', (driver) => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'qplug-resident-'));
    path = join(folder, 'run/things.db');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const open = (design = DESIGN): Store => Store.open(path, design, driver);
  const words = (store: Store): unknown[] => store.rows(['word'], 'thing', [], ({ word }) => word);
  const add = (store: Store, word: string): number => store.run('INSERT INTO thing VALUES (?)', [word]);
  const descriptors = (): number => readdirSync('/proc/self/fd').length;
  const use = (): void => {
    using store = open();
    store.transaction(() => words(store));
  };

  test(`has no more descriptors after ${OFTEN} openings than after the first`, () => {
    use();
    const before = descriptors();
    for (let count = 1; count < OFTEN; count++) use();
    expect(descriptors()).toBe(before);
  });

  test('has no more descriptors after many stores that nobody disposed of', () => {
    const first = open();
    words(first);
    const before = descriptors();
    const stores = Array.from({ length: 200 }, () => open());
    for (const store of stores) words(store);
    expect(descriptors()).toBe(before);
    for (const store of [first, ...stores]) store[Symbol.dispose]();
  });

  test('has no more descriptors after a database that it refuses again and again', () => {
    open(LATER)[Symbol.dispose]();
    const refused = (): void => expect(open).toThrow('newer');
    refused();
    const before = descriptors();
    for (let count = 0; count < 100; count++) refused();
    expect(descriptors()).toBe(before);
  });

  test('can ask more questions than it keeps statements', () => {
    using store = open();
    add(store, 'a');
    const numbers = Array.from({ length: 100 }, (_, index) => index);
    const answers = (): unknown[] =>
      numbers.flatMap((n) => store.rows(['word'], `thing WHERE ${n} = ${n}`, [], (row) => row['word']));
    expect([...answers(), ...answers()]).toEqual(Array(200).fill('a'));
  });

  test.each<[what: string, happens: () => void]>([
    ['the file is deleted', () => rmSync(path)],
    ['the file is moved away', () => renameSync(path, `${path}.broken`)],
    [
      'an empty file replaces it',
      () => {
        rmSync(path);
        writeFileSync(path, '', { mode: 0o600 });
      },
    ],
    [
      'the folder is emptied',
      () => {
        for (const name of readdirSync(join(folder, 'run'))) rmSync(join(folder, 'run', name));
      },
    ],
    ['the folder is deleted', () => rmSync(join(folder, 'run'), { recursive: true })],
  ])('goes on with a new database when %s', (_, happens) => {
    using first = open();
    using second = open();
    for (const word of ['a', 'b', 'c']) add(first, word);
    expect(words(second)).toHaveLength(3);
    happens();
    add(first, 'new');
    expect(words(first)).toEqual(['new']);
    expect(words(second)).toEqual(['new']);
    using third = open();
    expect(words(third)).toEqual(['new']);
    expect(third.rows(['integrity_check'], 'pragma_integrity_check', [], (row) => row['integrity_check'])).toEqual([
      'ok',
    ]);
  });

  test('sees what another file holds that has been put in the place of the database', () => {
    using store = open();
    add(store, 'old');
    const other = join(folder, 'other/things.db');
    {
      using made = Store.open(other, DESIGN, driver);
      add(made, 'other');
    }
    // from the log into the file
    const bare = driver.open(other, 5000);
    bare.script('PRAGMA wal_checkpoint(TRUNCATE)');
    bare.close();
    for (const end of ['-wal', '-shm']) rmSync(`${path}${end}`);
    renameSync(other, path);
    expect(words(store)).toEqual(['other']);
  });

  test('learns that a later qplug has upgraded the database that it has open', () => {
    using store = open();
    add(store, 'a');
    open(LATER)[Symbol.dispose]();
    expect(() => words(store)).toThrow('newer');
    expect(() => store.transaction(() => add(store, 'b'))).toThrow('newer');
    using later = open(LATER);
    expect(words(later)).toEqual(['a']);
  });

  test('reads no claims, and makes no file, when the database of claims is gone', () => {
    using store = new ClaimStore(folder, driver);
    store.take([claimOf('a')]);
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
    expect([store.list(), store.suspensions.list(), readdirSync(folder)]).toEqual([[], [], []]);
    store.take([claimOf('b')]);
    expect(store.list()).toEqual([claimOf('b')]);
  });
});
