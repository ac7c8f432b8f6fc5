import { resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { QplugError } from '../../../../../src/diag/index.js';
import { formatMigrationUri, parseMigrationUri } from '../../../../../src/vm/operations/migration/migration-uri.js';

const FOLDER = '/home/me';
const read = (word: string): string => formatMigrationUri(parseMigrationUri(word, FOLDER));

/** @returns what is wrong with it */
function problem(word: string): string {
  try {
    return `taken as ${read(word)}`;
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
    expect([error.code, error.kind]).toEqual(['migration-uri-invalid', 'usage']);
    return String((error.findings[0].evidence as { problem: string }).problem);
  }
}

describe('where a guest may be sent', () => {
  test.each([
    ['unix:/run/a.sock', 'unix:/run/a.sock'],
    ['unix:a.sock', 'unix:/home/me/a.sock'],
    ['unix:../a b,c=d', 'unix:/home/a b,c=d'],
    ['file:state', 'file:/home/me/state'],
    ['tcp:10.0.0.7:4444', 'tcp:10.0.0.7:4444'],
    ['tcp:other.example:1', 'tcp:other.example:1'],
    ['tcp:[::1]:4444', 'tcp:[::1]:4444'],
    ['tcp:[fe80::1%eth0]:65535', 'tcp:[fe80::1%eth0]:65535'],
  ])('%s is %s', (word, uri) => expect(read(word)).toBe(uri));

  test.each([
    ['exec:cat > /etc/passwd', 'exec'],
    ['fd:7', 'fd'],
    ['rdma:host:1', 'rdma'],
    ['', 'unknown'],
    ['/run/a.sock', 'unknown'],
    ['defer', 'unknown'],
    ['UNIX:/a', 'unknown'],
    ['vsock:3:4', 'unknown'],
    ['unix:', 'path'],
    ['file:/a/', 'path'],
    ['unix:/a\0b', 'path'],
    [`unix:/${'a'.repeat(107)}`, 'path-too-long'],
    ['file:/a,offset=7', 'offset'],
    ['tcp:host', 'no-port'],
    ['tcp:', 'no-port'],
    ['tcp::4444', 'host'],
    ['tcp:a,b:1', 'host'],
    ['tcp:::1:4444', 'host'],
    ['tcp:[]:1', 'host'],
    ['tcp:[::1', 'host'],
    ['tcp:-h:1', 'host'],
    [`tcp:${'a'.repeat(65)}:1`, 'host'],
    ['tcp:a:', 'port'],
    ['tcp:a:0', 'port'],
    ['tcp:a:65536', 'port'],
    ['tcp:a:http', 'port'],
    ['tcp:a:1,ipv6=on', 'port'],
    ['tcp:a:1\n', 'port'],
  ])('%j is refused: %s', (word, why) => expect(problem(word)).toBe(why));

  test('whatever is typed: taken whole and alone, or refused', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.tuple(fc.constantFrom('unix', 'file', 'tcp', 'exec', 'fd'), fc.string()).map((parts) => parts.join(':')),
    );
    fc.assert(
      fc.property(anything, (word) => {
        let uri: string;
        try {
          uri = read(word);
        } catch (error) {
          expect(error).toBeInstanceOf(QplugError);
          return;
        }
        expect(uri).toMatch(/^(unix:\/|file:\/|tcp:[^,]+:\d{1,5}$)/s);
        // what QEMU reads is read as itself
        expect(read(uri)).toBe(uri);
      }),
      { numRuns: 5000 },
    );
  });

  test('every path of a file and every host and port come through', () => {
    const path = fc.string({ minLength: 1 }).filter((text) => !/\0|\/$|,offset=/.test(text));
    fc.assert(
      fc.property(path, (text) => {
        expect(read(`file:${text}`)).toBe(`file:${resolve(FOLDER, text)}`);
      }),
    );
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()), fc.integer({ min: 1, max: 65_535 }), (host, port) => {
        fc.pre(host.length <= 64);
        const word = `tcp:${host.includes(':') ? `[${host}]` : host}:${port}`;
        expect(parseMigrationUri(word, FOLDER)).toEqual({ kind: 'tcp', host, port });
        expect(read(word)).toBe(word);
      }),
    );
  });
});
