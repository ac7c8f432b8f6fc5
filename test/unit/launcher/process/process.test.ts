import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { identifyProcess, isAlive, poll } from '../../../../src/base/index.js';
import type { QplugError } from '../../../../src/diag/index.js';
import { endProcess, startQemu } from '../../../../src/launcher/index.js';
import { patience } from '../../../patience.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-process-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const start = (script: string, name: string, signal?: AbortSignal) =>
  startQemu({ binary: '/bin/sh', args: ['-c', script], logFile: join(folder, name), signal });

describe('startQemu', () => {
  test('both outputs go to a log that others can not read, and its last lines are told', async () => {
    await using child = await start('echo one; echo two >&2; printf "thr\\033ee"; exit 3', 'out.log');
    expect(await child.exited).toEqual({ code: 3, signal: null });
    expect(await child.lastLines(2)).toEqual(['two', 'thr\\x1bee']);
    expect(statSync(join(folder, 'out.log')).mode & 0o777).toBe(0o600);
  });

  test('the last words of one that ends at once are not lost, however often', async () => {
    for (let count = 0; count < 20; count++) {
      await using child = await startQemu({ binary: '/bin/echo', args: ['gone'], logFile: join(folder, 'once.log') });
      await child.exited;
      expect([count, await child.lastLines(1)]).toEqual([count, ['gone']]);
    }
  });

  test('a link in the place of the log is not followed', async () => {
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'as it was');
    symlinkSync(victim, join(folder, 'link.log'));
    await expect(start('echo no', 'link.log')).rejects.toMatchObject({ code: 'qemu-not-started' });
    expect(readFileSync(victim, 'utf8')).toBe('as it was');
  });

  test('sockets are handed over open, 0600, and stay when they are closed here', async () => {
    const sockets = ['a.sock', 'b.sock'].map((name) => join(folder, name));
    const args = ['-c', 'readlink /proc/$$/fd/3 /proc/$$/fd/4; exec sleep 60'];
    await using child = await startQemu({ binary: '/bin/sh', args, sockets, logFile: join(folder, 'fds.log') });
    for (const path of sockets) {
      const info = statSync(path);
      expect([info.isSocket(), info.mode & 0o777]).toEqual([true, 0o600]);
      const client = connect(path);
      await once(client, 'connect');
      client.destroy();
    }
    expect(readdirSync(folder).filter((name) => name.endsWith('.kept'))).toEqual([]);
    await poll(async () => ((await child.lastLines(2)).length === 2 ? true : undefined), {
      interval: 5,
      signal: patience(),
    });
    expect((await child.lastLines(2)).every((line) => line.startsWith('socket:['))).toBe(true);
  });

  test('a socket that can not be made: nothing is started', async () => {
    const sockets = [join(folder, 'c.sock'), join(folder, 'no/such/folder.sock')];
    const started = startQemu({ binary: '/bin/true', args: [], sockets, logFile: join(folder, 'none.log') });
    await expect(started).rejects.toMatchObject({ code: 'qemu-not-started' });
  });

  test('a long log is read from its end, in whole lines', async () => {
    await using child = await start('i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo "line $i"; done', 'long.log');
    await child.exited;
    const lines = await child.lastLines(10_000);
    expect(lines.at(-1)).toBe('line 3000');
    expect(lines.every((line) => /^line \d+$/.test(line))).toBe(true);
  });

  test('a process leads a session of its own', async () => {
    await using child = await start('exec sleep 60', 'session.log');
    const fields = readFileSync(`/proc/${child.pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
    expect(Number(fields[3])).toBe(child.pid);
  });

  test('disposing of it ends it, a second time does nothing', async () => {
    const child = await start('exec sleep 60', 'dispose.log');
    await child[Symbol.asyncDispose]();
    expect(await child.exited).toEqual({ code: null, signal: 'SIGTERM' });
    await child[Symbol.asyncDispose]();
  });

  test('a program that is not there, and a log that can not be made, are errors of ours', async () => {
    const codes = await Promise.all(
      [
        startQemu({ binary: '/nonexistent/qemu', args: [], logFile: join(folder, 'x.log') }),
        startQemu({ binary: '/bin/true', args: [], logFile: join(folder, 'no/such/folder.log') }),
      ].map((pending) => pending.then(String, (error: QplugError) => error.code)),
    );
    expect(codes).toEqual(['qemu-not-started', 'qemu-not-started']);
  });

  test('nothing is started once the caller gave up', async () => {
    await expect(start('exit 0', 'never.log', AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    expect(() => statSync(join(folder, 'never.log'))).toThrow('ENOENT');
  });
});

describe('endProcess', () => {
  test('one that ignores SIGTERM gets SIGKILL, each step told', async () => {
    await using child = await start("trap '' TERM; echo ready; while :; do sleep 0.05; done", 'stubborn.log');
    const ready = async () => ((await child.lastLines(1))[0] === 'ready' ? true : undefined);
    await poll(ready, { interval: 10, signal: patience() });
    const steps: string[] = [];
    const identity = identifyProcess(child.pid)!;
    const outcome = await endProcess(identity, { term: 100, onStep: ({ signal }) => steps.push(signal) });
    expect(steps).toEqual(['SIGTERM', 'SIGKILL']);
    expect(outcome.by).toBe('SIGKILL');
    expect(outcome.waited).toBeGreaterThanOrEqual(100);
    expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });

  test('one that is no child of ours ends too', async () => {
    const parent = spawn('/bin/sh', ['-c', 'sleep 60 & echo $!; wait'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [chunk] = (await once(parent.stdout, 'data')) as [Buffer];
    const identity = identifyProcess(Number(chunk.toString()))!;
    expect((await endProcess(identity)).by).toBe('SIGTERM');
    expect(isAlive(identity)).toBe(false);
    parent.kill('SIGKILL');
  });

  test('a later process with the same pid is left alone', async () => {
    await using child = await start('exec sleep 60', 'later.log');
    const identity = identifyProcess(child.pid)!;
    expect(await endProcess({ ...identity, startTime: identity.startTime - 1 })).toEqual({ by: 'already', waited: 0 });
    expect(isAlive(identity)).toBe(true);
  });

  test('giving up stops the waiting with the reason', async () => {
    await using child = await start("trap '' TERM; echo ready; while :; do sleep 0.05; done", 'patient.log');
    const ready = async () => ((await child.lastLines(1))[0] === 'ready' ? true : undefined);
    await poll(ready, { interval: 10, signal: patience() });
    const identity = identifyProcess(child.pid)!;
    const stop = new AbortController();
    const pending = endProcess(identity, { term: 10_000, signal: stop.signal });
    setTimeout(() => stop.abort(new Error('enough')), 50);
    await expect(pending).rejects.toThrow('enough');
    await endProcess(identity, { term: 1 });
  });
});
