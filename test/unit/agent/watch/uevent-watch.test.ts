import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { UeventWatch } from '../../../../src/agent/watch/index.js';
import { poll } from '../../../../src/base/index.js';
import { patience } from '../../../patience.js';

/** A pipe in the place of the netlink socket, which test/qemu/service tries. */
function pipe(): number {
  const folder = mkdtempSync(join(tmpdir(), 'qplug-uevent-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const descriptor = openSync(path, 'r+');
  onTestFinished(() => {
    closeSync(descriptor);
    rmSync(folder, { recursive: true });
  });
  return descriptor;
}

test('tells of events, many at once as one', async () => {
  const descriptor = pipe();
  let told = 0;
  using _watch = new UeventWatch(descriptor, () => void told++);
  expect(told).toBe(0);
  for (let n = 1; n <= 100; n++) writeSync(descriptor, 'add@/devices/x\0'.repeat(10));
  await poll(() => told > 0, { interval: 1, signal: patience() });
  const before = told;
  expect(before).toBeLessThan(100);
  writeSync(descriptor, 'x');
  await poll(() => told > before, { interval: 1, signal: patience() });
});

test('tells once more where the reading fails, and gives up in the end', async () => {
  const file = openSync('/dev/null', 'r');
  onTestFinished(() => closeSync(file));
  let told = 0;
  using _watch = new UeventWatch(file, () => void told++);
  // cat is at its end at once
  await poll(() => told >= 2, { interval: 5, signal: patience() });
});

test('ends its reader', async () => {
  const descriptor = pipe();
  const children = (): string => readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8');
  const before = children();
  const watch = new UeventWatch(descriptor, () => undefined);
  expect(children()).not.toBe(before);
  watch[Symbol.dispose]();
  await poll(() => children() === before, { interval: 5, signal: patience() });
});
