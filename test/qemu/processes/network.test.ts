import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { poll } from '../../../src/base/index.js';
import { connectInNetwork, hasThreads, type QemuProcess, tcpPeerOf } from '../../../src/processes/index.js';
import { connect, QmpConnectError, type QmpConnection } from '../../../src/qmp/index.js';
import { type InNamespaces, inNamespaces } from '../../namespaces/in-namespaces.js';
import { qemuOf } from '../../namespaces/qemu-of.js';
import { patience } from '../../patience.js';
import { startQemu } from '../harness/plain-qemu.js';

const PORT = 4444;

const running: InNamespaces[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one[Symbol.asyncDispose]();
});

/** Starts a QEMU whose monitor listens on the loopback address of a network namespace of its own, and waits until it answers. */
async function qemuApart(machine = 'none'): Promise<QemuProcess> {
  const args = ['-S', '-display', 'none', '-nodefaults', '-machine', machine];
  const monitor = ['-qmp', `tcp:127.0.0.1:${PORT},server=on,wait=off`];
  const script = 'ip link set lo up && echo there && exec qemu-system-x86_64 "$@"';
  const one = await inNamespaces(['--net', '--pid'], ['sh', '-c', script, 'sh', ...args, ...monitor]);
  running.push(one);
  await poll(() => answers(one), { interval: 20, signal: patience() });
  return qemuOf(one.process.pid);
}

const reach = ({ process }: Pick<InNamespaces, 'process'>, port = PORT): Promise<QmpConnection> =>
  connect(
    { host: '127.0.0.1', port },
    { over: (signal) => connectInNetwork(process, { host: '127.0.0.1', port }, { signal }), timeout: 60_000 },
  );

async function answers(one: InNamespaces): Promise<true | undefined> {
  try {
    await (await reach(one)).close();
    return true;
  } catch (error) {
    if (error instanceof QmpConnectError && error.code === 'qmp-refused') return undefined;
    throw error;
  }
}

async function threadsOf(connection: QmpConnection): Promise<number[]> {
  const cpus = await connection.execute('query-cpus-fast');
  return cpus.map((cpu) => cpu['thread-id']);
}

describe('a monitor on a TCP port of another network namespace', () => {
  test('answers, and the kernel says whose it is', async () => {
    const [one, other] = [await qemuApart(), await qemuApart()];
    await using connection = await reach(one);
    expect(await connection.execute('query-status')).toMatchObject({ status: 'prelaunch' });
    const end = connection.socket ?? expect.fail();
    expect(tcpPeerOf(end, [other, one])).toEqual({ peer: 'process', process: one });
    // another QEMU, its monitor idle
    expect(tcpPeerOf(end, [other])).toEqual({ peer: 'unknown' });
  });

  test('through a forwarder it has a client, and its threads say whose it is', async () => {
    const one = await qemuApart();
    await using plain = await startQemu('-machine', 'none');
    const own = qemuOf(plain.process.pid ?? 0);
    const server = createServer(async (socket) => {
      const there = await connectInNetwork(one.process, { host: '', port: PORT });
      socket.on('error', () => there.destroy()).pipe(there);
      there.on('error', () => socket.destroy()).pipe(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      await using connection = await connect({ host: '127.0.0.1', port }, { timeout: 60_000 });
      const end = connection.socket ?? expect.fail();
      expect(tcpPeerOf(end, [own, one])).toEqual({ peer: 'candidates', processes: [one] });
    } finally {
      server.close();
    }
  });

  test('has the threads that its QEMU names, in the numbers of its own PID namespace', async () => {
    await using plain = await startQemu('-machine', 'q35', '-smp', '2');
    await using connection = await connect({ path: plain.socket });
    const threads = await threadsOf(connection);
    expect(threads).toHaveLength(2);
    expect(hasThreads(qemuOf(plain.process.pid ?? 0).process, threads)).toBe(true);
    const apart = await qemuApart('q35');
    await using far = await reach(apart);
    const its = await threadsOf(far);
    expect(Math.max(...its)).toBeLessThan(apart.process.pid);
    expect(hasThreads(apart.process, its)).toBe(true);
    expect(hasThreads((await qemuApart()).process, threads)).toBe(false);
  });

  test('that is closed is refused', async () => {
    await expect(reach(await qemuApart(), 1)).rejects.toMatchObject({ code: 'qmp-refused' });
  });
});

describe('a monitor on a TCP port of this host', () => {
  test('is that of the QEMU which has the other end', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    await using plain = await startQemu('-machine', 'none', '-qmp', `tcp:127.0.0.1:${port},server=on,wait=off`);
    await using other = await startQemu('-machine', 'none');
    const [one, another] = [plain, other].map(({ process }) => qemuOf(process.pid ?? 0)) as [QemuProcess, QemuProcess];
    await using connection = await connect({ host: '127.0.0.1', port });
    const end = connection.socket ?? expect.fail();
    expect(tcpPeerOf(end, [another, one])).toEqual({ peer: 'process', process: one });
  });
});
