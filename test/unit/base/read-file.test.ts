import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { poll, readInput, readNamedFile, readPlainFile } from '../../../src/base/index.js';
import { patience } from '../../patience.js';

let folder: string;
let pipe: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-read-'));
  pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LIMIT = 100_000;

/** @returns who waits behind the pipe of a shell */
function sleeper(shell: number | undefined): number | undefined {
  const children = readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').match(/\d+/g) ?? [];
  return children.map(Number).find((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8') === 'sleep\u000060\u0000';
    } catch {
      // ended since
      return false;
    }
  });
}

/** A pipe by its descriptor, as a shell hands one over, and its other end. */
function openPipe(): { path: string; end: number } & Disposable {
  const both = openSync(pipe, 'r+');
  return { path: `/dev/fd/${both}`, end: both, [Symbol.dispose]: () => closeSync(both) };
}

describe('what is named', () => {
  test('a file is read, to one byte beyond the limit', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, 'x'.repeat(LIMIT + 70_000));
    const { bytes, size } = await readNamedFile(path, { limit: LIMIT });
    expect([bytes.length, size]).toEqual([LIMIT + 1, LIMIT + 70_000]);
    expect(readPlainFile(path, LIMIT)).toHaveLength(LIMIT + 1);
    expect((await readNamedFile('/proc/self/status', { limit: LIMIT })).bytes.toString()).toContain('Pid:');
  });

  test('a pipe by its own name is refused at once: nobody is waited for', async () => {
    await expect(readNamedFile(pipe, { limit: LIMIT })).rejects.toThrow('it is a named pipe');
    expect(() => readPlainFile(pipe, LIMIT)).toThrow('it is a named pipe');
  });

  test('a pipe that a shell hands over is read to its end, however slowly it comes', async () => {
    // a descriptor of the shell that writes: its pipe has no name
    const shell = spawn('sh', ['-c', '(sleep 0.1; printf one; sleep 0.1; printf two) | sleep 60'], { detached: true });
    const reader = await poll(() => sleeper(shell.pid), { interval: 5, signal: patience() });
    try {
      const { bytes } = await readNamedFile(`/proc/${reader}/fd/0`, { limit: LIMIT });
      expect(bytes.toString()).toBe('onetwo');
    } finally {
      process.kill(-(shell.pid ?? 0), 'SIGKILL');
    }
  });

  test('a pipe that nobody ends is given up at the deadline, and when the caller gives up', async () => {
    using shell = openPipe();
    writeFileSync(shell.end, 'half of it');
    await expect(readNamedFile(shell.path, { limit: LIMIT, timeout: 50 })).rejects.toMatchObject({
      code: 'input-unfinished',
    });
    const stop = new AbortController();
    const reading = readNamedFile(shell.path, { limit: LIMIT, signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
  });
});

describe('standard input', () => {
  test('is read to its end, or to the limit', async () => {
    const input = new PassThrough();
    input.end('all of it');
    expect((await readInput(input, '-', { limit: LIMIT })).toString()).toBe('all of it');
    const endless = new PassThrough();
    endless.write('x'.repeat(LIMIT * 2));
    expect(await readInput(endless, '-', { limit: LIMIT })).toHaveLength(LIMIT + 1);
    expect(endless.destroyed).toBe(true);
  });

  test('that nobody ends is given up at the deadline, or by the caller, and let go of', async () => {
    for (const limits of [{ timeout: 20 }, { signal: AbortSignal.timeout(20) }]) {
      const silent = new PassThrough();
      await expect(readInput(silent, '-', { limit: LIMIT, ...limits })).rejects.toThrow();
      expect(silent.destroyed).toBe(true);
    }
  });
});
