import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ownTemporaryFolder } from '../../../scripts/temporary.mjs';

/** Tests give the same result wherever the clone lies, whoever may read it, and however busy the machine is. */

const root = join(import.meta.dirname, '../../..');

/** What a test or a script must not say, and why. */
const NOT_ANYWHERE: readonly (readonly [words: RegExp, why: string])[] = [
  [
    /import\.meta\.url\)\.pathname|\bFOLDER\)\.pathname/,
    'a blank or an umlaut in the path of the clone becomes %20 or %C3',
  ],
  [/file:\/\/\$\{/, 'the same; pathToFileURL writes such an address'],
  [
    /uid: *(65534|NOBODY)[^}]*process\.execPath|process\.execPath[^;]*uid: *(65534|NOBODY)/s,
    'other users may not reach this Node',
  ],
  [/(performance|Date)\.now\(\) - \w+\)\.toBeLessThan/, 'a busy machine takes longer'],
  [/AbortSignal\.timeout\([\d_]{4,}\)/, 'a busy machine takes longer; test/patience.ts bounds a wait'],
];

const sources = ['test', 'scripts', 'bench'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|mjs)$/.test(name) && !name.endsWith('anywhere.test.ts') && name !== 'patience.ts')
    .map((name) => join(folder, name)),
);

test.each(NOT_ANYWHERE)('no test and no script says %s', (words, why) => {
  expect(sources.length).toBeGreaterThan(300);
  const found = sources.filter((path) => words.test(readFileSync(join(root, path), 'utf8')));
  expect(found, why).toEqual([]);
});

describe('the folder of temporary files', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'any-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** A folder with the mode that is asked for, whatever the umask. */
  const made = (name: string, mode: number): string => {
    const path = join(folder, name);
    const before = process.umask(0);
    mkdirSync(path, { mode, recursive: true });
    process.umask(before);
    return path;
  };

  test('is the one that is given, where all may enter it', () => {
    expect(ownTemporaryFolder('/tmp')).toBe('/tmp');
    expect(ownTemporaryFolder('/var/tmp')).toBe('/var/tmp');
  });

  test.each([
    ['is not there', () => join(folder, 'none')],
    ['is a file', () => '/etc/passwd'],
    ['only its owner may enter', () => made('own', 0o700)],
    ['stands below one that only its owner may enter', () => join(made('own', 0o700), 'x')],
    ['has a path too long for sockets', () => made('x'.repeat(60), 0o755)],
    ['is no full path', () => 'tmp'],
    ['is in this project', () => join(root, 'test')],
  ])('is /tmp instead of one that %s', (_, given) => {
    expect(ownTemporaryFolder(given())).toBe('/tmp');
  });
});
