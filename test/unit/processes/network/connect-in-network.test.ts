import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { poll } from '../../../../src/base/index.js';
import { connectInNetwork } from '../../../../src/processes/index.js';
import { type InNamespaces, inNamespaces } from '../../../namespaces/in-namespaces.js';
import { patience } from '../../../patience.js';

/** Greets a client with what nobody but who reads it gets, and sends back what it says. */
const SERVER = `const server = require('node:net').createServer((one) => {
  one.on('error', () => {}).write('greeting'.repeat(10000));
  one.pipe(one);
});
server.listen(4444, '127.0.0.1', () => console.log('there'));`;

let inside: InNamespaces;
beforeAll(async () => {
  const command = ['sh', '-c', 'ip link set lo up && exec "$0" "$@"', process.execPath, '-e', SERVER];
  inside = await inNamespaces(['--net'], command);
});
afterAll(async () => await inside[Symbol.asyncDispose]());

/** The processes that this one has started and that still run. */
async function helpers(): Promise<string[]> {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'latin1').trim().split(' ');
  return children.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('process.argv.slice(1)');
    } catch {
      return false;
    }
  });
}

async function noHelpers(): Promise<void> {
  const none = async (): Promise<true | undefined> => ((await helpers()).length === 0 ? true : undefined);
  await poll(none, { interval: 20, signal: patience() });
}

/** Reads as much as that. */
async function read(socket: Socket, length: number): Promise<string> {
  let text = '';
  while (text.length < length) text += String((await once(socket, 'data'))[0]);
  return text;
}

describe('a connection in the network namespace of another process', () => {
  test.each(['', 'localhost', '127.0.0.1', '0.0.0.0', '::', '127.9.9.9'])(
    'to the host %j of that namespace, if it listens there',
    async (host) => {
      const connecting = connectInNetwork(inside.process, { host, port: 4444 });
      if (host === '127.9.9.9') {
        await expect(connecting).rejects.toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect' });
        return;
      }
      const socket = await connecting;
      expect(await read(socket, 80_000)).toBe('greeting'.repeat(10_000));
      socket.write('and back');
      expect(await read(socket, 8)).toBe('and back');
      socket.destroy();
    },
  );

  test('leaves no process and no descriptor behind', async () => {
    await noHelpers();
    const open = (): number => readdirSync('/proc/self/fd').length;
    const before = open();
    const socket = await connectInNetwork(inside.process, { host: '127.0.0.1', port: 4444 });
    await noHelpers();
    socket.destroy();
    await once(socket, 'close');
    await expect(connectInNetwork(inside.process, { host: '127.0.0.1', port: 1 })).rejects.toThrow('ECONNREFUSED');
    const aborted = { signal: AbortSignal.abort(new Error('enough')) };
    await expect(connectInNetwork(inside.process, { host: '', port: 4444 }, aborted)).rejects.toThrow('enough');
    await noHelpers();
    await poll(async () => (open() <= before ? true : undefined), { interval: 20, signal: patience() });
  });

  test('ends when the caller gives up, or time is over', async () => {
    const controller = new AbortController();
    const place = { host: '127.0.0.1', port: 4444 };
    const connecting = connectInNetwork(inside.process, place, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(connecting).rejects.toThrow('enough');
    await expect(connectInNetwork(inside.process, place, { timeout: 0 })).rejects.toMatchObject({
      name: 'DeadlineReached',
    });
    await noHelpers();
  });

  test('asks no network for a name', async () => {
    for (const host of ['example.org', '-x', '127.1', '127.0.0.1\n'])
      await expect(connectInNetwork(inside.process, { host, port: 4444 }), host).rejects.toThrow('connect no address');
  });

  test('is not that of a later process', async () => {
    const place = { host: '', port: 4444 };
    await expect(connectInNetwork({ ...inside.process, startTime: 1 }, place)).rejects.toMatchObject({
      code: 'network-not-entered',
    });
    await expect(connectInNetwork({ ...inside.process, pid: 2 ** 22 + 1 }, place)).rejects.toMatchObject({
      code: 'network-not-entered',
      findings: [{ evidence: { reason: 'ENOENT' } }],
    });
  });
});
