import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { qemuAt, runningQemus } from '../../../../src/processes/index.js';

/** Programs that are called as a QEMU is, and are none: a shell that waits for its input to end. */

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-processes-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  rmSync(folder, { recursive: true });
});

/** Starts a shell under any name, with any words after its own, and waits until it runs. */
async function start(name: string, words: readonly string[]): Promise<number> {
  const program = join(folder, name);
  copyFileSync(realpathSync('/bin/sh'), program);
  const child = spawn(program, ['-c', 'echo ready; read line', ...words], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout ?? child, 'data');
  return child.pid ?? 0;
}

test('the kernel says which program it is, whatever it calls itself', async () => {
  const pid = await start('shell', ['qemu-system-x86_64', '-name', 'a', '-qmp', 'unix:/x,server=on']);
  expect(qemuAt(pid)).toBe(undefined);
  expect(qemuAt(pid, { isKnown: true })).toMatchObject({ program: 'shell', name: 'a' });
  expect(runningQemus().map(({ process }) => process.pid)).not.toContain(pid);
});

test('a program that is named as a QEMU is read, however long and strange its words are', async () => {
  // one word of a command line has at most 128 KiB (execve(2))
  const long = 'x'.repeat(100_000);
  const words = Array.from({ length: 12 }, (_, n) => ['-name', `${n}${long}`]).flat();
  const pid = await start('qemu-system-evil', ['-name', 'first\n\u001b[31m', ...words, '-name', 'last']);
  const found = qemuAt(pid);
  expect(found).toMatchObject({ program: 'qemu-system-evil', process: { pid }, uid: process.getuid?.() });
  // the end is beyond what is read
  expect(found?.name).toMatch(/^\dx{1023}$/);
  expect(runningQemus().map(({ process }) => process.pid)).toContain(pid);
});

test('a file of -readconfig that is a folder, a link to itself, a device or away', async () => {
  symlinkSync('loop', join(folder, 'loop'));
  writeFileSync(join(folder, 'good'), '[name]\n guest = "from the file"\n');
  const files = ['.', 'loop', '/dev/zero', '/dev/stdin', 'away', '', '/proc/self/mem', 'good'];
  const pid = await start(
    'qemu-system-evil',
    files.flatMap((file) => ['-readconfig', file]),
  );
  expect(qemuAt(pid)?.name).toBe('from the file');
});

test('a process that is not there, and none at all', async () => {
  const pid = await start('qemu-system-brief', []);
  expect(qemuAt(pid)).toMatchObject({ name: undefined, machine: undefined });
  const child = children[0];
  child?.kill('SIGKILL');
  if (child !== undefined) await once(child, 'exit');
  expect(qemuAt(pid)).toBe(undefined);
  expect(qemuAt(0)).toBe(undefined);
  expect(qemuAt(1)).toBe(undefined);
});
