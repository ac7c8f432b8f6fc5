import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, watch } from 'node:fs';
import { join } from 'node:path';
import { openHost } from '../../src/access/index.js';
import { Agent } from '../../src/agent/index.js';
import { poll } from '../../src/base/index.js';
import { connect, QmpConnectError, type QmpConnection } from '../../src/qmp/index.js';
import { mend } from '../../src/vm/index.js';
import { MODEM } from '../../test/oracle/harness/changing-host.js';
import { patience } from '../../test/patience.js';
import { qplug } from '../../test/unit/cli/fake-terminal.js';
import { env, folder, host, nodes } from './own-host.js';
import { type Seen, watchFor } from './seen.js';
import { standInQemu } from './stand-in-qemu.js';

/**
 * Starts an adopted VM again and again while its device is there, in turns with an agent, and without one but with a client that waits for the
 * socket and adds the device. Prints figures in ms since the socket's file appeared, as JSON.
 *
 *   argv: the number of rounds
 */
const ROUNDS = Number(process.argv[2] ?? 11);

const figures = { toGreeting: [], bareAdded: [], toAdd: [], add: [], toEvent: [] } as Record<string, number[]>;
const note = (name: string, ms: number): void => {
  figures[name]?.push(ms);
};

const sockets = join(folder, 'sockets');
mkdirSync(sockets);
const socket = join(sockets, 'vm.qmp');

/** @returns the time at which the socket's file appears */
function appears(): Promise<number> {
  return new Promise((resolve) => {
    const watcher = watch(sockets, (_, name) => {
      if (name !== 'vm.qmp') return;
      watcher.close();
      resolve(performance.now());
    });
  });
}

/** QEMU binds its socket a moment before it listens. */
async function whenItListens(): Promise<QmpConnection> {
  for (;;) {
    try {
      return await connect({ path: socket }, { timeout: 30_000 });
    } catch (error) {
      if (!(error instanceof QmpConnectError) || error.code !== 'qmp-refused') throw error;
    }
  }
}

async function end(qemu: ChildProcess): Promise<void> {
  const over = once(qemu, 'exit');
  qemu.kill('SIGKILL');
  await over;
  rmSync(socket, { force: true });
}

try {
  host.plug(MODEM);
  const program = await standInQemu();
  const start = (): ChildProcess =>
    spawn(
      program,
      [
        ...['-M', 'pc,accel=tcg', '-m', '32', '-nodefaults', '-display', 'none', '-S'],
        ...['-device', 'qemu-xhci,id=xhci', '-qmp', `unix:${socket},server=on,wait=off`],
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
  for (const words of [
    ['adopt', socket, '--name', 'vm'],
    ['assign', 'vm', '1-2'],
  ]) {
    const made = await qplug(words, { env, sysfs: host.sysfs });
    if (made.exit !== 0) throw new Error(made.err);
  }
  const access = openHost({ env, uid: process.getuid?.() ?? 0, sysfs: host.liveSysfs });
  const stop = new AbortController();
  for (let round = 0; round < ROUNDS; round++) {
    {
      const came = appears();
      const qemu = start();
      const from = await came;
      await using bare = await whenItListens();
      note('toGreeting', performance.now() - from);
      await bare.execute('device_add', {
        ...{ driver: 'usb-host', id: 'bare', hostbus: 1, hostaddr: MODEM.address, bus: 'xhci.0', port: '1' },
      });
      note('bareAdded', performance.now() - from);
      await bare.close();
      await end(qemu);
    }
    await using agent = await Agent.start(access, {
      signal: stop.signal,
      nodes,
      onFindings: (all) => process.stderr.write(`${JSON.stringify(all)}\n`),
    });
    await poll(() => agent.looks > 0, { interval: 5, signal: patience() });
    const add: Seen = { text: '"device_add"' };
    watchFor(add);
    const came = appears();
    const qemu = start();
    const from = await came;
    await poll(() => agent.accounts.some(({ condition: { is } }) => is === 'attached'), {
      interval: 1,
      signal: patience(),
    });
    note('toEvent', performance.now() - from);
    watchFor(undefined);
    note('toAdd', (add.sent ?? Number.NaN) - from);
    note('add', (add.answered ?? Number.NaN) - (add.sent ?? Number.NaN));
    await end(qemu);
    await mend(access, { signal: patience(), timeout: 30_000 });
  }
  process.stdout.write(`${JSON.stringify(figures)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
