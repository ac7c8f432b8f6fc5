import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { socketOf } from '../../../../src/base/index.js';
import { connectInNetwork, hasThreads, type QemuProcess, tcpPeerOf } from '../../../../src/processes/index.js';
import { isRoot } from '../../../attackers/users.js';
import { type InNamespaces, inNamespaces } from '../../../namespaces/in-namespaces.js';
import { qemuOf } from '../../../namespaces/qemu-of.js';

/** Greets each client, and prints its port. */
const SERVER = `const server = require('node:net').createServer((one) => one.on('error', () => {}).write('x'));
server.listen(Number(process.argv[2] ?? 0), process.argv[1], () => console.log(server.address().port));`;

const sockets: Socket[] = [];
const servers: Server[] = [];
const children: ChildProcess[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function serve(host: string): Promise<{ readonly qemu: QemuProcess; readonly port: number }> {
  const child = spawn(process.execPath, ['-e', SERVER, host], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [port] = await once(child.stdout, 'data');
  return { qemu: qemuOf(child.pid ?? 0), port: Number(port) };
}

/** The same in a network namespace of its own, where the loopback device is up. */
async function serveApart(port: number): Promise<InNamespaces & { readonly qemu: QemuProcess }> {
  const script = 'ip link set lo up && exec "$0" "$@"';
  const command = ['sh', '-c', script, process.execPath, '-e', SERVER, '127.0.0.1', String(port)];
  const inside = await inNamespaces(['--net'], command);
  return { ...inside, qemu: qemuOf(inside.process.pid), [Symbol.asyncDispose]: () => inside[Symbol.asyncDispose]() };
}

/** Connects, and waits for the greeting. */
async function greeted(socket: Socket): Promise<Socket> {
  sockets.push(socket);
  await once(socket, 'data');
  return socket;
}

const peer = (socket: Socket, ...processes: readonly QemuProcess[]) =>
  tcpPeerOf(socketOf(socket) ?? expect.fail(), processes);

/** Passes on each connection, as docker-proxy does. */
async function forward(to: () => Promise<Socket> | Socket): Promise<number> {
  const server = createServer(async (one) => {
    const other = await to();
    sockets.push(one, other);
    for (const [from, into] of [
      [one, other],
      [other, one],
    ] as const)
      from.on('error', () => into.destroy()).pipe(into);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('who is at the other end of a TCP connection', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::', '127.0.0.1'],
    ['::1', '::1'],
    ['0.0.0.0', '127.0.0.2'],
  ])('a process that listens on %s, by %s', async (listens, host) => {
    const [one, other] = [await serve(listens), await serve(listens)];
    const socket = await greeted(connect({ host, port: one.port }));
    expect(peer(socket, other.qemu, one.qemu)).toEqual({ peer: 'process', process: one.qemu });
    expect(peer(socket, other.qemu)).toEqual({ peer: 'unknown' });
    expect(peer(socket)).toEqual({ peer: 'unknown' });
  });

  test('in another network namespace, by a connection that was made there', async () => {
    await using one = await serveApart(4444);
    await using other = await serveApart(4444);
    const socket = await connectInNetwork(one.process, { host: '', port: 4444 });
    await greeted(socket);
    expect(peer(socket, other.qemu, one.qemu)).toEqual({ peer: 'process', process: one.qemu });
    expect(peer(socket, other.qemu)).toEqual({ peer: 'unknown' });
  });

  test('through a forwarder: those that have a client, and no proof', async () => {
    await using one = await serveApart(4444);
    await using idle = await serveApart(4444);
    const own = await serve('127.0.0.1');
    const port = await forward(() => connectInNetwork(one.process, { host: '127.0.0.1', port: 4444 }));
    const socket = await greeted(connect({ host: '127.0.0.1', port }));
    expect(peer(socket, idle.qemu, one.qemu, own.qemu)).toEqual({ peer: 'candidates', processes: [one.qemu] });
    expect(peer(socket, idle.qemu, own.qemu)).toEqual({ peer: 'unknown' });
    // a forwarder of this host may lead to a process of this host as well
    const near = await forward(() => connect({ host: '127.0.0.1', port: own.port }));
    const socketOfNear = await greeted(connect({ host: '127.0.0.1', port: near }));
    expect(peer(socketOfNear, idle.qemu, own.qemu)).toEqual({ peer: 'candidates', processes: [own.qemu] });
  });

  test('nobody, where several have the connection open, and when it is over', async () => {
    const script = `const { spawn } = require('node:child_process');
      const server = require('node:net').createServer((one) => {
        spawn('sleep', ['60'], { stdio: ['ignore', one, 'ignore'] }).once('spawn', () => one.write('x'));
      }).listen(0, '127.0.0.1', () => console.log(server.address().port));`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    try {
      const [port] = await once(child.stdout, 'data');
      const socket = await greeted(connect({ host: '127.0.0.1', port: Number(port) }));
      expect(peer(socket, qemuOf(child.pid ?? 0))).toEqual({ peer: 'unknown' });
      const end = socketOf(socket) ?? expect.fail();
      socket.destroy();
      await once(socket, 'close');
      expect(tcpPeerOf(end, [qemuOf(child.pid ?? 0)])).toEqual({ peer: 'unknown' });
    } finally {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    }
  });

  // a user other than root has no cable between two user namespaces
  test.runIf(isRoot)('another host, if the address is of none of this host', async () => {
    // two namespaces with a cable between them: this end, and a host of its own
    const link =
      'ip link set lo up && ip link add name near type veth peer name far && echo there && exec sleep infinity';
    await using near = await inNamespaces(['--net'], ['sh', '-c', link]);
    await using far = await serveApart(4444);
    const { pid } = near.process;
    const run = (owner: number, ...words: readonly string[]): Promise<unknown> => {
      const child = spawn('nsenter', [`--net=/proc/${owner}/ns/net`, ...words], { stdio: 'inherit' });
      return once(child, 'exit').then(([code]) => expect(code, words.join(' ')).toBe(0));
    };
    await run(pid, 'ip', 'link', 'set', 'far', 'netns', String(far.process.pid));
    await run(pid, 'ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'near');
    await run(pid, 'ip', 'link', 'set', 'near', 'up');
    await run(far.process.pid, 'ip', 'addr', 'add', '192.0.2.2/24', 'dev', 'far');
    await run(far.process.pid, 'ip', 'link', 'set', 'far', 'up');
    const all = [process.execPath, '-e', SERVER, '192.0.2.2', '4445'];
    const server = spawn('nsenter', [`--net=/proc/${far.process.pid}/ns/net`, ...all], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(server);
    await once(server.stdout, 'data');
    const socket = await greeted(await connectInNetwork(near.process, { host: '192.0.2.2', port: 4445 }));
    // a QEMU of this namespace makes the list in which this end is
    expect(peer(socket, qemuOf(pid))).toEqual({ peer: 'elsewhere' });
    expect(peer(socket, qemuOf(pid), far.qemu)).toEqual({ peer: 'elsewhere' });
    const there = qemuOf(server.pid ?? 0);
    expect(peer(socket, qemuOf(pid), there)).toEqual({ peer: 'candidates', processes: [there] });
  });
});

describe('the threads of a process', () => {
  test('are its own, in its own PID namespace', async () => {
    const script = `console.log('there'); setInterval(() => {}, 1e6)`;
    await using inside = await inNamespaces(['--pid'], [process.execPath, '-e', script]);
    await using other = await inNamespaces(['--mount'], ['sh', '-c', 'echo there; exec sleep infinity']);
    expect(hasThreads(inside.process, [1])).toBe(true);
    expect(hasThreads(inside.process, [1, 2])).toBe(true);
    expect(hasThreads(inside.process, [])).toBe(false);
    expect(hasThreads(inside.process, [1, 4_000_000])).toBe(false);
    expect(hasThreads(inside.process, [inside.process.pid])).toBe(false);
    expect(hasThreads(other.process, [other.process.pid])).toBe(true);
    expect(hasThreads({ ...other.process, startTime: 1 }, [other.process.pid])).toBe(false);
  });
});
