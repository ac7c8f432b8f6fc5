import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { identifyProcess, isAlive, type ProcessIdentity } from '../../../src/base/index.js';

test('this process is itself, and nobody with another start or boot', () => {
  const self = identifyProcess(process.pid) as ProcessIdentity;
  expect(isAlive(self)).toBe(true);
  expect(isAlive({ ...self, startTime: self.startTime + 1 })).toBe(false);
  expect(isAlive({ ...self, bootId: 'another' })).toBe(false);
});

test.each([0, -1, 2 ** 22 + 1, Number.NaN])('there is no process %d', (pid) => {
  expect(identifyProcess(pid)).toBe(undefined);
});

test('a child that has ended is not alive, also while its parent has not looked', async () => {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const identity = identifyProcess(child.pid ?? 0) as ProcessIdentity;
  expect(isAlive(identity)).toBe(true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isAlive(identity)).toBe(false);
});

test('a program whose name holds brackets and spaces is read aright', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'qplug-name-'));
  const program = join(folder, 'a) Z 1 (b');
  copyFileSync('/bin/sleep', program);
  const child = spawn(program, ['60']);
  await once(child, 'spawn');
  const identity = identifyProcess(child.pid ?? 0);
  child.kill('SIGKILL');
  await once(child, 'exit');
  rmSync(folder, { recursive: true });
  const self = identifyProcess(process.pid) as ProcessIdentity;
  expect(identity?.startTime).toBeGreaterThanOrEqual(self.startTime);
  expect(identity?.bootId).toMatch(/^[0-9a-f-]{36}$/);
});
