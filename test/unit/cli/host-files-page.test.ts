import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fixturePath } from '../host/file/fixtures.js';
import { qplug } from './fake-terminal.js';

const page = readFileSync(new URL('../../../docs/host-files.md', import.meta.url), 'utf8');
const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
const [used = '', made = ''] = [...page.matchAll(/^```sh\n(.*?)^```/gms)].map((match) => match[1] ?? '');
const lines = (block: string): string[] => [...block.matchAll(/^(\S.*?)(?: +#.*)?$/gm)].map((match) => match[1] ?? '');

const folder = mkdtempSync(join(tmpdir(), 'qplug-page-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The files that the page makes, as the lab or we made them, and the serial number of a device in each. */
const FILES: Readonly<Record<string, readonly [fixture: string, serial: string]>> = {
  'host.json': ['lab-devices.json', 'HS0001'],
  'lsusb.txt': ['lab-lsusb.txt', 'HS0001'],
  'listing.txt': ['lab-listing.txt', 'HS0001'],
  'script.txt': ['lab-usb-devices.txt', 'HS0001'],
  'usb.tgz': ['lab-sysfs.tgz', 'HS0001'],
  'usb.umockdev': ['umockdev-keyboard-and-disk.txt', '4C530001'],
};

test.each(lines(used))('%s', async (line) => {
  const [program, ...words] = line.split(' ');
  expect(program).toBe('qplug');
  copyFileSync(fixturePath('lab-devices.json'), join(folder, 'host.json'));
  writeFileSync(join(folder, 'bench.yaml'), 'usb: { devices: [serial=HS0001] }\n');
  const placed = words.map((word) => (/\.(json|yaml)$/.test(word) ? join(folder, word) : word));
  const { exit, out, err } = await qplug(placed, { env: { PATH: '/nowhere', QPLUG_RUNTIME_DIR: folder } });
  expect(err).not.toMatch(/^error/m);
  expect(exit).toBe(0);
  expect(out).not.toBe('');
});

test('every file that the page makes is one that the tests have', () => {
  const files = lines(made).map((line) => /(?:> |czf )(\S+)/.exec(line)?.[1] ?? line);
  expect(files.sort()).toEqual(Object.keys(FILES).sort());
});

test.each(Object.entries(FILES))('what is made as %s holds the devices of its host', async (_, [fixture, serial]) => {
  expect((await qplug(['devices', `serial=${serial}`, '--host', fixturePath(fixture)])).exit).toBe(0);
});

test('the README leads there', () => {
  expect(readme).toContain('[docs/host-files.md](docs/host-files.md)');
});
