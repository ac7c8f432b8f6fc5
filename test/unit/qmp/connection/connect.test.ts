import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fail, describe as words } from '../../../../src/diag/index.js';
import { connectOver } from '../../../../src/qmp/connection/connect.js';
import { connect, QmpClosedError, type QmpConnectError } from '../../../../src/qmp/index.js';
import { type OtherRoot, otherRoot } from '../../../namespaces/other-root.js';
import { ADDRESS, FakePeer, GREETING, outcome } from '../fake-peer.js';

const GREETING_LINE = `${JSON.stringify(GREETING)}\r\n`;

let folder: string;
let servers: Server[];
let sockets: Socket[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qmp-'));
  servers = [];
  sockets = [];
});

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

/** A real server on a unix socket that does this to each client. */
async function serve(
  greet: (socket: Socket) => void,
  path: string = join(folder, 'qmp.sock'),
): Promise<{ path: string }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    greet(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { path };
}

/** Answers the negotiation, then does `next` with each later chunk. */
function negotiate(socket: Socket, next: (socket: Socket) => void): void {
  socket.write(GREETING_LINE);
  socket.once('data', () => {
    socket.write('{"return": {}, "id": 0}\r\n');
    socket.on('data', () => next(socket));
  });
}

async function failure(connecting: Promise<unknown>): Promise<QmpConnectError> {
  const end = (await outcome(connecting)) as { error: QmpConnectError };
  expect(end.error).toMatchObject({ name: 'QmpConnectError' });
  return end.error;
}

describe('connect over a real socket', () => {
  test('no such file: not found, with the option that makes it', async () => {
    const path = join(folder, 'none,1.sock');
    const error = await failure(connect({ path }));
    expect(error).toMatchObject({
      code: 'qmp-no-socket',
      kind: 'not-found',
      address: { path },
      cause: { code: 'ENOENT' },
    });
    expect(words(error.findings[0]).fix).toBe(`start QEMU with -qmp unix:${folder}/none,,1.sock,server=on,wait=off`);
  });

  test('a path below a file: not found', async () => {
    writeFileSync(join(folder, 'file'), '');
    expect(await failure(connect({ path: join(folder, 'file', 'x') }))).toMatchObject({ code: 'qmp-no-socket' });
  });

  test.each([[''], ['a\0b']])('the path %j: not found, without asking the system', async (path) => {
    expect(await failure(connect({ path }))).toMatchObject({ code: 'qmp-no-socket' });
  });

  test('a file that is no socket: refused', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, '');
    const error = await failure(connect({ path }));
    expect(error).toMatchObject({ code: 'qmp-refused', kind: 'unreachable' });
    expect(error.message).toContain('its QEMU has ended, or the file is not a socket');
  });

  test('a TCP port where nobody listens: refused', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const error = await failure(connect({ host: '127.0.0.1', port }));
    expect(error.code).toBe('qmp-refused');
    expect(words(error.findings[0])).toMatchObject({
      where: `tcp:127.0.0.1:${port}`,
      fix: `start QEMU with -qmp tcp:127.0.0.1:${port},server=on,wait=off`,
    });
  });

  test('a port that no port can be: a connect error, not an exception of another kind', async () => {
    expect(await failure(connect({ host: '127.0.0.1', port: 70_000 }))).toMatchObject({
      code: 'qmp-connect-failed',
      findings: [{ evidence: { errno: 'ERR_SOCKET_BAD_PORT' } }],
    });
  });

  test('a path of 108 bytes: too long, with the count', async () => {
    const path = `${folder}/`.padEnd(106, 'x') + 'ä';
    expect(await failure(connect({ path }))).toMatchObject({
      code: 'qmp-path-too-long',
      kind: 'usage',
      findings: [{ evidence: { bytes: 108, limit: 107 } }],
    });
  });

  test('connected but silent: busy, with the way to find the holder', async () => {
    const address = await serve(() => {});
    const error = await failure(connect(address, { timeout: 60 }));
    expect(error).toMatchObject({ code: 'qmp-busy', kind: 'unreachable' });
    expect(error.message).toContain('sent no greeting within 60 ms');
    expect(words(error.findings[0]).fix).toContain(`-qmp unix:${address.path}.2,server=on,wait=off`);
  });

  test('the human monitor: not QMP, and named', async () => {
    const prompt = "QEMU 7.2.22 monitor - type 'help' for more information\r\n(qemu) ";
    const error = await failure(connect(await serve((socket) => socket.write(prompt))));
    expect(error).toMatchObject({ code: 'qmp-not-qmp', kind: 'unreachable' });
    expect(error.message).toContain('human monitor');
  });

  test('a prompt without a line end: not QMP, without waiting for more', async () => {
    const address = await serve((socket) => socket.write('\u001b[2Jlogin: '));
    const error = await failure(connect(address, { timeout: Infinity }));
    expect(error.message).toContain('"\\x1b[2Jlogin: "');
  });

  test('a greeting that never ends: not QMP, at the deadline', async () => {
    const address = await serve((socket) => socket.write('{"QMP": '));
    expect(await failure(connect(address, { timeout: 60 }))).toMatchObject({ code: 'qmp-not-qmp' });
  });

  test('hung up before the greeting, or after it: ended early', async () => {
    const silent = await serve((socket) => socket.end());
    expect(await failure(connect(silent))).toMatchObject({ code: 'qmp-ended-early' });
    servers.pop()?.close();
    rmSync(silent.path, { force: true });
    const greeting = await serve((socket) => socket.end(GREETING_LINE));
    expect(await failure(connect(greeting))).toMatchObject({ code: 'qmp-ended-early', kind: 'unreachable' });
  });

  test('greeted but never begun: named with the time', async () => {
    const address = await serve((socket) => socket.write(GREETING_LINE));
    const error = await failure(connect(address, { timeout: 60 }));
    expect(error).toMatchObject({ code: 'qmp-ended-early' });
    expect(error.message).toContain('did not begin the session within 60 ms');
  });

  test('refused to begin: with the words of the server', async () => {
    const address = await serve((socket) => {
      socket.write(GREETING_LINE);
      socket.on('data', () => socket.write('{"id": 0, "error": {"class": "GenericError", "desc": "no"}}\r\n'));
    });
    expect((await failure(connect(address))).message).toContain('GenericError: no');
  });

  test('an abort while waiting for the greeting rejects with its reason and hangs up', async () => {
    const controller = new AbortController();
    let gone: Promise<void> | undefined;
    const address = await serve((socket) => {
      gone = new Promise((resolve) => socket.resume().on('end', () => resolve()));
      controller.abort('enough');
    });
    expect(await outcome(connect(address, { signal: controller.signal }))).toEqual({ error: 'enough' });
    await gone;
  });

  test('an abort before the call opens nothing', async () => {
    const peer = new FakePeer();
    const options = { signal: AbortSignal.abort('enough') };
    expect(await outcome(connectOver(peer.open, ADDRESS, options))).toEqual({ error: 'enough' });
    expect(peer.calls).toEqual([]);
  });

  test('an aborted signal has no say over a connection that stands', async () => {
    const controller = new AbortController();
    const address = await serve((socket) => negotiate(socket, () => socket.write('{"return": {}, "id": 1}\r\n')));
    await using connection = await connect(address, { signal: controller.signal });
    controller.abort();
    expect(await connection.execute('query-name')).toEqual({});
  });

  test('over TCP it works as over a unix socket', async () => {
    const server = createServer((socket) => negotiate(socket, () => socket.write('{"return": {}, "id": 1}\r\n')));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await using connection = await connect({ host: '127.0.0.1', port });
    expect(await connection.execute('query-name')).toEqual({});
  });

  test('dropped in mid-command: the call is rejected with the reason', async () => {
    const address = await serve((socket) => negotiate(socket, () => socket.end('{"return"')));
    const connection = await connect(address);
    const end = (await outcome(connection.execute('cont'))) as { error: QmpClosedError };
    expect(end.error).toBeInstanceOf(QmpClosedError);
    expect(end.error).toMatchObject({ reason: { reason: 'eof' } });
    expect(end.error.message).toContain('the QMP connection ended before cont was answered');
    expect(await connection.closed).toEqual({ reason: 'eof' });
  });

  test('a peer that stops reading does not hold up a close', async () => {
    const address = await serve((socket) => negotiate(socket, () => socket.pause()));
    const connection = await connect(address);
    const calls = Array.from({ length: 8 }, () => outcome(connection.executeAny('x', { text: 'y'.repeat(1 << 20) })));
    // a close that waited for the peer would never come back
    await connection.close();
    await Promise.all(calls);
  });
});

describe('connect over a stream that somebody else connects', () => {
  const answer = (socket: Socket) => negotiate(socket, () => socket.write('{"return": {}, "id": 1}\r\n'));
  const named = { host: '192.0.2.1', port: 4444 };

  /** Connects to a server of this test. */
  async function connected(greet: (socket: Socket) => void): Promise<Socket> {
    const socket = createConnection(await serve(greet));
    await new Promise((resolve) => socket.once('connect', resolve));
    return socket;
  }

  test('speaks with who is at its other end, and closes it', async () => {
    const stream = await connected(answer);
    const connection = await connect(named, { over: async () => stream });
    expect(await connection.execute('query-name')).toEqual({});
    expect(connection.socket?.ino).toBeGreaterThan(0);
    await connection.close();
    expect(stream.destroyed).toBe(true);
    expect(connection.socket).toBeUndefined();
  });

  test('fails as with any other, in the name of the address', async () => {
    const stream = await connected((socket) => socket.write('login: '));
    const error = await failure(connect(named, { over: async () => stream }));
    expect(error).toMatchObject({ code: 'qmp-not-qmp', address: named });
    expect(stream.destroyed).toBe(true);
  });

  test('a failure to connect it is one of its kind; words of qplug stay as they are', async () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    expect(await failure(connect(named, { over: () => Promise.reject(refused) }))).toMatchObject({
      code: 'qmp-refused',
      cause: refused,
    });
    const worded = fail('network-not-entered', { pid: 7, reason: 'EPERM' });
    expect(await failure(connect(named, { over: () => Promise.reject(worded) }))).toMatchObject({
      code: 'network-not-entered',
      address: named,
    });
    const stream = (await connected(answer)).destroy();
    expect(await failure(connect(named, { over: async () => stream }))).toMatchObject({ name: 'QmpConnectError' });
  });

  test('who gives up tells it, and closes what comes later', async () => {
    const stream = await connected(answer);
    let give: (stream: Socket) => void = () => {};
    let signal: AbortSignal | undefined;
    const over = (given: AbortSignal): Promise<Socket> => {
      signal = given;
      return new Promise((resolve) => {
        give = resolve;
      });
    };
    expect(await failure(connect(named, { over, timeout: 20 }))).toMatchObject({
      code: 'qmp-connect-failed',
      findings: [{ evidence: { errno: 'ETIMEDOUT' } }],
    });
    expect(signal?.aborted).toBe(true);
    give(stream);
    await new Promise((resolve) => stream.once('close', resolve));
    const never = { signal: AbortSignal.abort('enough'), over: () => expect.fail('it was not wanted') };
    expect(await outcome(connect(named, never))).toEqual({ error: 'enough' });
  });
});

describe('connect to a socket in the root of another process', () => {
  let other: OtherRoot;
  let far: string;
  beforeAll(async () => {
    other = await otherRoot('pivot');
    far = `/proc/${other.process.pid}/root`;
  });
  afterAll(async () => await other[Symbol.asyncDispose]());

  test('by a link of that root, and a path longer than that of a socket', async () => {
    const name = `${'long/'.repeat(30)}qmp.sock`;
    mkdirSync(join(other.folder, name, '..'), { recursive: true });
    await serve(
      (socket) => negotiate(socket, () => socket.write('{"return": {}, "id": 1}\r\n')),
      join(other.folder, 'q'),
    );
    symlinkSync('/q', join(other.folder, name));
    await using connection = await connect({ path: `${far}/${name}` });
    expect(await connection.execute('query-name')).toEqual({});
    const open = readdirSync('/proc/self/fd').map((fd) => {
      const path = `/proc/self/fd/${fd}`;
      return lstatSync(path, { throwIfNoEntry: false }) && readlinkSync(path);
    });
    expect(open.filter((path) => path?.includes(other.folder))).toEqual([]);
  });

  test('never to one of the host, and with words that fit that root', async () => {
    await serve((socket) => socket.write(GREETING_LINE), join(other.outside, 'host.sock'));
    symlinkSync(join(other.outside, 'host.sock'), join(other.folder, 'host.sock'));
    const error = await failure(connect({ path: `${far}/host.sock` }));
    expect(error).toMatchObject({ code: 'qmp-no-socket', cause: { code: 'ENOENT' } });
    expect(words(error.findings[0]).fix).toBe('start QEMU with -qmp unix:/host.sock,server=on,wait=off');
    const path = `/proc/${2 ** 22 + 1}/root/qmp.sock`;
    expect(await failure(connect({ path }))).toMatchObject({ code: 'qmp-no-socket', cause: { code: 'ESRCH' } });
    const magic = await failure(connect({ path: `${far}/proc/1/root/host.sock` }));
    expect(magic.message).toContain('the path leads through a name of something that a process has open');
  });
});

describe('the end of a real socket', () => {
  test('a peer that closes its half and reads no more ends the connection, whatever is still unsent', async () => {
    const address = await serve((socket) => negotiate(socket, () => socket.pause().end()));
    const connection = await connect(address);
    const calls = Array.from({ length: 8 }, () => outcome(connection.executeAny('x', { text: 'y'.repeat(1 << 20) })));
    expect(await connection.closed).toMatchObject({ reason: 'eof' });
    await Promise.all(calls);
  });

  test('a close after the end leaves no timer that holds the process', async () => {
    const address = await serve((socket) => negotiate(socket, () => socket.end()));
    const connection = await connect(address);
    const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    await outcome(connection.execute('cont'));
    await connection.closed;
    const before = timers();
    await connection.close();
    expect(timers()).toBe(before);
  });
});

describe('connect with errors that the test machine cannot make', () => {
  test.each([
    ['EACCES', 'qmp-permission'],
    ['EPERM', 'qmp-permission'],
    ['EAGAIN', 'qmp-busy'],
    ['EMFILE', 'qmp-connect-failed'],
  ])('%s of connect(2) is %s', async (errno, code) => {
    const peer = new FakePeer();
    const refusing = (...args: Parameters<typeof peer.open>) => {
      const transport = peer.open(args[0], { ...args[1], opened: () => {} });
      queueMicrotask(() => peer.hangUp(Object.assign(new Error(errno), { code: errno })));
      return transport;
    };
    const error = await failure(connectOver(refusing, ADDRESS));
    expect(error).toMatchObject({ code, kind: 'unreachable', cause: { code: errno } });
  });

  test('a TCP connect that takes too long is a connect error', async () => {
    const address = { host: '192.0.2.1', port: 4444 };
    const never = () => ({ send: () => {}, close: () => {}, destroy: () => {} });
    expect(await failure(connectOver(never, address, { timeout: 20 }))).toMatchObject({
      code: 'qmp-connect-failed',
      findings: [{ evidence: { errno: 'ETIMEDOUT', address: 'tcp:192.0.2.1:4444' } }],
    });
  });
});
