import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadVmFile } from '../../../src/config/index.js';
import type { QplugError } from '../../../src/diag/index.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-config-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function refusal(name: string): Promise<QplugError> {
  return (await loadVmFile(join(folder, name)).catch((caught: unknown) => caught)) as QplugError;
}

test('a file is read from disk, a byte-order mark and all', async () => {
  writeFileSync(join(folder, 'good.yaml'), '\ufeffmachine: pc\n');
  expect(await loadVmFile(join(folder, 'good.yaml'))).toMatchObject({ name: 'good', machine: 'pc' });
});

test('a file that is not there is not found, rather than invalid', async () => {
  const error = await refusal('nothing.yaml');
  expect([error.code, error.kind]).toEqual(['vm-file-missing', 'not-found']);
});

test('a folder is refused', async () => {
  mkdirSync(join(folder, 'sub'));
  expect((await refusal('sub')).code).toBe('vm-file-unreadable');
});

test('bytes that are not UTF-8 are refused', async () => {
  writeFileSync(join(folder, 'latin.yaml'), Buffer.from([0x6e, 0xe4, 0x0a]));
  expect((await refusal('latin.yaml')).code).toBe('vm-file-not-text');
});

test('a file over the limit is refused with both figures', async () => {
  writeFileSync(join(folder, 'big.yaml'), Buffer.alloc(300_000, '#'));
  expect((await refusal('big.yaml')).findings).toMatchObject([
    { code: 'vm-file-too-big', evidence: { bytes: 300_000, limit: 262_144 } },
  ]);
});

test('a device without an end, or anything else that is no file, is refused by what it is', async () => {
  execFileSync('mkfifo', [join(folder, 'pipe.yaml')]);
  const listener = createServer().listen(join(folder, 'socket.yaml'));
  await once(listener, 'listening');
  symlinkSync('/dev/zero', join(folder, 'device.yaml'));
  const told = async (name: string) => (await refusal(name)).findings[0];
  for (const [name, reason] of [
    ['device.yaml', 'it is a terminal or another device'],
    ['pipe.yaml', 'it is a named pipe'],
    ['socket.yaml', 'it is a socket'],
    ['sub', 'it is a folder'],
  ] as const) {
    expect(await told(name)).toMatchObject({ code: 'vm-file-unreadable', evidence: { reason } });
  }
  listener.close();
});
