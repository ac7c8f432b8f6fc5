import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { QplugError } from '../../../src/diag/index.js';
import { Store, type StoreDesign } from '../../../src/registry/store.js';
import { DRIVERS } from './drivers.js';

const FIRST: StoreDesign = { name: 'things', application: 77, migrations: ['CREATE TABLE thing (word TEXT)'] };
const SECOND: StoreDesign = {
  ...FIRST,
  migrations: [
    ...FIRST.migrations,
    "ALTER TABLE thing ADD COLUMN size INTEGER NOT NULL DEFAULT 3; INSERT INTO thing VALUES ('new', 4)",
  ],
};

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-store-'));
  path = join(folder, 'run/things.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** @returns the code of the error, or what was returned */
function codeOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
    return error.code;
  }
}

describe.each(DRIVERS)('with $name', (driver) => {
  function use<T>(design: StoreDesign, work: (store: Store) => T): T {
    using store = Store.open(path, design, driver);
    return work(store);
  }

  /** @returns each word, or what else stands in a column */
  function words(store: Store, column = 'word', from = 'thing'): unknown[] {
    return store.rows([column], from, [], (row) => row[column]);
  }

  /** Writes a database with the bare driver. */
  function raw(sql: string): void {
    mkdirSync(join(folder, 'run'), { recursive: true });
    writeFileSync(path, '', { flag: 'a' });
    const db = driver.open(path, 5000);
    db.script(sql);
    db.close();
  }

  describe('a new database', () => {
    test("is its owner's alone: 0600 in a folder of 0700, and so are the files beside it", () => {
      use(FIRST, (store) => {
        store.run("INSERT INTO thing VALUES ('a')");
        expect((statSync(join(folder, 'run')).mode & 0o777).toString(8)).toBe('700');
        for (const file of [path, `${path}-wal`, `${path}-shm`]) {
          expect([file, (statSync(file).mode & 0o777).toString(8)]).toEqual([file, '600']);
        }
      });
    });

    test('is kept between two openings', () => {
      use(FIRST, (store) => store.run('INSERT INTO thing VALUES (?)', ['a']));
      expect(use(FIRST, words)).toEqual(['a']);
    });
  });

  test('a second opening by the same process leaves the lock by which others know that it is in use', () => {
    use(FIRST, (first) => {
      words(first);
      const held = `:${statSync(path).ino} `;
      const locks = (): string[] =>
        readFileSync('/proc/locks', 'utf8')
          .split('\n')
          .filter((line) => line.includes(` ${process.pid} `) && line.includes(held));
      expect(locks()).not.toEqual([]);
      using second = Store.open(path, FIRST, driver);
      words(second);
      expect(locks()).not.toEqual([]);
    });
  });

  describe('a transaction', () => {
    test('is done as a whole, or not at all', () => {
      use(FIRST, (store) => {
        const work = (): void => {
          store.run("INSERT INTO thing VALUES ('a')");
          throw new Error('no');
        };
        expect(() => store.transaction(work)).toThrow('no');
        expect(words(store)).toEqual([]);
        expect(store.transaction(() => store.run("INSERT INTO thing VALUES ('b')"))).toBe(1);
        expect(words(store)).toHaveLength(1);
      });
    });

    test('that another process holds for too long is an error, and all goes on when that is over', () => {
      use(FIRST, (store) => {
        const other = driver.open(path, 5000);
        other.script('BEGIN IMMEDIATE');
        expect(codeOf(() => store.transaction(() => store.run("INSERT INTO thing VALUES ('a')")))).toBe('store-locked');
        other.script('ROLLBACK');
        other.close();
        expect(store.transaction(() => store.run("INSERT INTO thing VALUES ('a')"))).toBe(1);
      });
    });
  });

  describe('an older database', () => {
    test('becomes one of today with what was in it', () => {
      use(FIRST, (store) => store.run("INSERT INTO thing VALUES ('old')"));
      use(SECOND, (store) => {
        expect(words(store, 'word', 'thing ORDER BY size')).toEqual(['old', 'new']);
        expect(words(store, 'size', 'thing ORDER BY size')).toEqual(['3', '4']);
      });
      expect(use(SECOND, (store) => words(store))).toHaveLength(2);
    });

    test("that can't be brought up to date stays what it was", () => {
      use(FIRST, (store) => store.run("INSERT INTO thing VALUES ('old')"));
      const wrong = {
        ...FIRST,
        migrations: [...FIRST.migrations, 'CREATE TABLE other (word TEXT); CREATE TABLE thing (word TEXT)'],
      };
      expect(codeOf(() => Store.open(path, wrong, driver))).toBe('store-broken');
      expect(use(FIRST, (store) => words(store, 'name', "sqlite_schema WHERE name = 'other'"))).toEqual([]);
    });
  });

  describe('is refused and left as it is', () => {
    const later = (): void => use(SECOND, () => undefined);
    const cases: readonly (readonly [what: string, make: () => void, code: string])[] = [
      ['a database of a later version', later, 'store-newer'],
      ['a database of another program', () => raw('CREATE TABLE x (y); PRAGMA application_id = 5'), 'store-broken'],
      ['a database that does not say whose it is', () => raw('CREATE TABLE x (y)'), 'store-broken'],
      [
        'a file of text',
        () => {
          mkdirSync(join(folder, 'run'));
          writeFileSync(path, 'a shopping list, long enough to be taken for a header of SQLite: '.repeat(40));
        },
        'store-broken',
      ],
      [
        'a database whose pages were overwritten',
        () => {
          use(FIRST, (store) => {
            store.run(
              "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO thing SELECT 'a word and its number ' || i FROM n",
            );
          });
          // from the log into the file
          raw('PRAGMA wal_checkpoint(TRUNCATE)');
          const bytes = readFileSync(path);
          bytes.fill(0xaa, 4096);
          // another file, because a connection of this process may still know the old one
          for (const end of ['', '-wal', '-shm']) rmSync(`${path}${end}`, { force: true });
          writeFileSync(path, bytes);
        },
        'store-broken',
      ],
    ];

    test.each(cases)('%s', (_, make, code) => {
      make();
      const before = readFileSync(path);
      expect(codeOf(() => Store.open(path, FIRST, driver))).toBe(code);
      expect(readFileSync(path).equals(before)).toBe(true);
    });

    test('a link to another file: that one is not touched', () => {
      const victim = join(folder, 'victim');
      writeFileSync(victim, 'mine');
      mkdirSync(join(folder, 'run'));
      symlinkSync(victim, path);
      expect(codeOf(() => Store.open(path, FIRST, driver))).toBe('store-unwritable');
      expect([readFileSync(victim, 'utf8'), readlinkSync(path)]).toEqual(['mine', victim]);
    });

    test("a folder that can't be written", () => {
      writeFileSync(join(folder, 'run'), '');
      expect(codeOf(() => Store.open(path, FIRST, driver))).toBe('store-unwritable');
    });

    test('a folder in the place of the file', () => {
      mkdirSync(path, { recursive: true });
      expect(codeOf(() => Store.open(path, FIRST, driver))).toBe('store-unwritable');
    });
  });
});
