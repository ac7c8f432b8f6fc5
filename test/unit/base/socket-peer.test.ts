import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { identifyProcess, knockAt, peerOf, selfIdentity, socketFileOf, socketOf } from '../../../src/base/index.js';
import { attack, isRoot } from '../../attackers/users.js';

/** Answers each client with a letter, so that the client knows that it was accepted. */
const SERVER = `require('node:net').createServer((one) => one.write('x')).listen(process.argv[1], () => console.log('listens'))`;

let folder: string;
const children: ChildProcess[] = [];
const sockets: Socket[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-peer-'));
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function serve(path: string, ...before: readonly string[]): Promise<ChildProcess> {
  const [command = '', ...args] = [...before, process.execPath, '-e', SERVER, path];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await once(child.stdout ?? child, 'data');
  return child;
}

async function accepted(path: string): Promise<Socket> {
  const socket = connect(path);
  sockets.push(socket);
  await once(socket, 'data');
  return socket;
}

async function peer(socket: Socket) {
  const end = socketOf(socket);
  if (end === undefined) throw new Error('a socket without a descriptor');
  return await peerOf(end, new AbortController().signal);
}

describe('who is at the other end of a connection', () => {
  test('another process, this one, each of several', async () => {
    const [one, other] = [await serve(join(folder, 'a')), await serve(join(folder, 'b'))];
    expect((await peer(await accepted(join(folder, 'b'))))?.pid).toBe(other.pid);
    expect(await peer(await accepted(join(folder, 'a')))).toEqual(identifyProcess(one.pid ?? 0));
    const server = createServer((client) => client.write('x'));
    await new Promise<void>((resolve) => server.listen(join(folder, 'own'), resolve));
    expect(await peer(await accepted(join(folder, 'own')))).toEqual(selfIdentity());
    server.close();
  });

  test('one in another network namespace, whose sockets are in no list here', async () => {
    const before = isRoot ? ['unshare', '--net'] : ['unshare', '--net', '--user', '--map-root-user'];
    const child = await serve(join(folder, 'far'), ...before);
    expect((await peer(await accepted(join(folder, 'far'))))?.pid).toBe(child.pid);
  });

  test('nobody, when the connection is over', async () => {
    await serve(join(folder, 'a'));
    const socket = await accepted(join(folder, 'a'));
    const end = socketOf(socket);
    socket.destroy();
    await once(socket, 'close');
    expect(end && (await peerOf(end, new AbortController().signal))).toBeUndefined();
    expect(socketOf(socket)).toBeUndefined();
  });

  test('never who forges its line: another user, by names of sockets with line breaks', async () => {
    await serve(join(folder, 'a'));
    const socket = await accepted(join(folder, 'a'));
    const own = String(socketOf(socket)?.ino);
    await using _forger = await attack('forger.mjs', ['names', 'mine', own, '60', join(folder, 'a')]);
    // two answers of which one is forged: none counts
    expect(await peer(socket)).toBeUndefined();
    // a connection that nobody knew of beforehand is told as ever
    expect((await peer(await accepted(join(folder, 'a'))))?.pid).toBe(children[0]?.pid);
  });

  test('nobody, where several have the connection open', async () => {
    const path = join(folder, 'shared');
    const script = `const { spawn } = require('node:child_process');
      require('node:net').createServer((one) => { spawn('sleep', ['60'], { stdio: ['ignore', one, 'ignore'] }).once('spawn', () => one.write('x')); })
        .listen(process.argv[1], () => console.log('listens'))`;
    const child = spawn(process.execPath, ['-e', script, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    await once(child.stdout, 'data');
    try {
      expect(await peer(await accepted(path))).toBeUndefined();
    } finally {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    }
  });
});

describe('whether somebody listens', () => {
  test('is told by a connect: it listens, it refuses, nobody knows', async () => {
    const path = join(folder, 'a');
    expect(await knockAt(path)).toBe('unknown');
    const child = await serve(path);
    expect(await knockAt(path)).toBe('listens');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await knockAt(path)).toBe('refused');
    expect(await knockAt(`${folder}/${'x'.repeat(120)}`)).toBe('unknown');
  });
});

describe('the file of a socket', () => {
  test('is the same by every path that leads to it, and no other file is one', async () => {
    const path = join(folder, 'a');
    await serve(path);
    mkdirSync(join(folder, 'sub'));
    linkSync(path, join(folder, 'sub/hard'));
    symlinkSync(folder, join(folder, 'sub/link'));
    const file = socketFileOf(path);
    expect(file).toMatch(/^\d+:\d+$/);
    for (const other of ['sub/../a', 'sub/hard', 'sub/link/a', `../${folder.split('/').at(-1)}//a`])
      expect(socketFileOf(join(folder, 'x', '..', other)), other).toBe(file);
    expect(socketFileOf(`/proc/self/root${path}`)).toBe(file);
    for (const none of [folder, join(folder, 'none'), '/dev/null', 'x\0y']) expect(socketFileOf(none)).toBeUndefined();
  });
});
