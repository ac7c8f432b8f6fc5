import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeOwnFolder, ownUid, requireOwnFolder, untrusted } from '../../../src/base/index.js';
import { type QplugError, describe as words } from '../../../src/diag/index.js';

const isRoot = process.getuid?.() === 0;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-own-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Makes a folder of some mode and owner in the test's folder. Only root can give one away. */
function made(name: string, mode = 0o700, uid = ownUid()): string {
  const path = join(folder, name);
  mkdirSync(path);
  if (uid !== ownUid()) chownSync(path, uid, uid);
  chmodSync(path, mode);
  return path;
}

function fault(path: string): string | undefined {
  try {
    requireOwnFolder(path);
    return undefined;
  } catch (error) {
    const { code, findings } = error as QplugError;
    expect(code).toBe('folder-not-ours');
    return words(findings[0]).why;
  }
}

describe('a folder of our own', () => {
  test.each([0, 0o022, 0o077])('is made closed to others, with all above it, where the umask is %d', (umask) => {
    const before = process.umask(umask);
    try {
      makeOwnFolder(join(folder, 'run/vm'));
    } finally {
      process.umask(before);
    }
    expect(['run', 'run/vm'].map((path) => statSync(join(folder, path)).mode & 0o777)).toEqual([0o700, 0o700]);
  });

  test('one that nobody else can write in, whoever may look; and one that is not there', () => {
    for (const mode of [0o700, 0o755, 0o711]) expect(fault(made(`m${mode}`, mode))).toBeUndefined();
    expect(fault(join(folder, 'none'))).toBeUndefined();
  });

  test('not one in which others may write, sticky or not', () => {
    for (const mode of [0o770, 0o707, 0o1777, 0o720]) {
      const path = made(`m${mode}`, mode);
      expect(fault(path)).toBe(`other users can write to ${path} (mode 0${mode.toString(8)})`);
    }
  });

  test('not a link, wherever it leads', () => {
    const link = join(folder, 'link');
    symlinkSync(made('good'), link);
    expect(fault(link)).toBe(`${link} is a link, and its owner decides where it points`);
  });

  test('not that of somebody else; for root not one below it either', () => {
    // whose root's folders are not
    if (!isRoot) return void expect(fault('/usr')).toBe('/usr belongs to user 0');
    const theirs = made('theirs', 0o755, 65534);
    expect(fault(theirs)).toBe(`${theirs} belongs to user 65534`);
    const below = made('theirs/ours');
    expect(fault(below)).toBe(`${theirs} belongs to user 65534`);
    const open = made('open', 0o777);
    expect(fault(made('open/ours'))).toBe(`other users can write to ${open} (mode 0777)`);
    // as in /tmp: ours can't be taken away
    made('sticky', 0o1777);
    expect(fault(made('sticky/ours'))).toBeUndefined();
  });

  test('is made 0700 with those above it, and refused where somebody was faster', () => {
    const path = join(folder, 'a/b/c');
    makeOwnFolder(path);
    makeOwnFolder(path);
    for (const one of ['a', 'a/b', 'a/b/c']) expect(statSync(join(folder, one)).mode & 0o777).toBe(0o700);
    expect(() => makeOwnFolder(made('open', 0o777))).toThrow('other users can write');
  });
});

describe('a program or file that only root or we can change', () => {
  const file = (path: string, mode = 0o755): string => {
    writeFileSync(path, '');
    chmodSync(path, mode);
    return path;
  };

  test('itself, every folder above it, and what a link leads to', () => {
    expect(untrusted('/usr/bin')).toBeUndefined();
    const good = file(join(made('bin', 0o755), 'good'));
    expect(untrusted(good)).toBeUndefined();
    expect(untrusted(join(folder, 'none'))).toBeUndefined();
    const shared = made('shared', 0o775);
    const inShared = file(join(shared, 'x'));
    expect(untrusted(inShared)).toMatchObject({ path: shared, fault: 'writable' });
    expect(untrusted(file(join(folder, 'bin/open'), 0o757))).toMatchObject({ path: join(folder, 'bin/open') });
    symlinkSync(inShared, join(folder, 'bin/link'));
    expect(untrusted(join(folder, 'bin/link'))).toMatchObject({ path: shared });
  });
});
