import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/folders.mjs';
import { openHost } from '../../src/access/index.js';
import { Agent } from '../../src/agent/index.js';
import { poll } from '../../src/base/index.js';
import { connect, type QmpConnection } from '../../src/qmp/index.js';
import { type ChangingHost, MODEM } from '../../test/oracle/harness/changing-host.js';
import { patience } from '../../test/patience.js';
import { qplug } from '../../test/unit/cli/fake-terminal.js';
import { env, folder, host, nodes } from './own-host.js';
import { type Seen, watchFor } from './seen.js';
import { standInQemu } from './stand-in-qemu.js';

/**
 * Plugs a device in and pulls it, again and again, before a real QEMU whose libusb is a stand-in, while an agent runs in this process. inotify
 * wakes it: each change also changes a file in a folder that it watches. Prints figures in ms as JSON.
 *
 *   argv: the number of rounds
 */
const ROUNDS = Number(process.argv[2] ?? 21);

/** Rounds with one agent. */
const BATCH = 3;

/** ms until the agent has nothing more to do. */
const REST = 300;

let events = 0;
/** Changes the host, and then makes inotify say so. @returns when */
function change(mode: Parameters<ChangingHost['plug']>[0]): number {
  host.plug(mode);
  const time = performance.now();
  if (mode === undefined) rmSync(join(nodes, '001', `00${events}`), { force: true });
  else writeFileSync(join(nodes, '001', `00${++events}`), '');
  return time;
}

const DEVICE = {
  driver: 'usb-host',
  id: 'bare',
  hostbus: 1,
  hostaddr: MODEM.address,
  bus: 'xhci.0',
  port: '1',
} as const;

/** What a udev rule runs: it opens the monitor, negotiates and adds the device. */
const SCRIPT = `printf '%s\\n' '{"execute":"qmp_capabilities"}' '{"execute":"device_add","arguments":${JSON.stringify(DEVICE)}}' | socat -t 1 - "UNIX-CONNECT:$1" | grep -c return`;

async function remove(qmp: QmpConnection): Promise<void> {
  const gone = qmp.waitFor('DEVICE_DELETED', ({ data }) => data.device === DEVICE.id);
  await qmp.execute('device_del', { id: DEVICE.id });
  await gone.promise;
}

const figures = { toAdd: [], toAnswer: [], toEvent: [], bare: [], toDel: [], script: [] } as Record<string, number[]>;
const note = (name: string, ms: number): void => {
  figures[name]?.push(ms);
};

try {
  host.plug(undefined);
  const binary = await standInQemu();
  const main = join(root, 'dist/cli/main.js');
  const file = join(folder, 'vm.yaml');
  const usb = 'usb: { controllers: [{ id: xhci, model: qemu-xhci }] }';
  writeFileSync(
    file,
    `machine: pc\naccel: [tcg]\nmemory: 32M\nqemu: { binary: ${binary}, args: [-nodefaults, -S], sandbox: false }\n${usb}\n`,
  );
  const ran = spawnSync(process.execPath, [main, 'run', file, '--detach', '--json'], { env, encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(ran.stderr);
  const owner = (JSON.parse(ran.stdout) as { sockets: { owner: string } }).sockets.owner;
  const made = await qplug(['assign', 'vm', '1-2'], { env, sysfs: host.sysfs });
  if (made.exit !== 0) throw new Error(made.err);

  const access = openHost({ env, uid: process.getuid?.() ?? 0, sysfs: host.liveSysfs });
  const stop = new AbortController();
  for (let batch = 0; batch * BATCH < ROUNDS; batch++) {
    // the floors: the same device by hand, while no agent knows of it
    for (let round = 0; round < BATCH; round++) {
      host.plug(MODEM);
      await using bare = await connect({ path: owner });
      const before = performance.now();
      await bare.execute('device_add', DEVICE);
      note('bare', performance.now() - before);
      await remove(bare);
    }
    for (let round = 0; round < BATCH; round++) {
      const before = performance.now();
      const { status, stderr } = spawnSync('sh', ['-c', SCRIPT, 'sh', owner], { encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
      note('script', performance.now() - before);
      await using after = await connect({ path: owner });
      await remove(after);
    }
    host.plug(undefined);
    // a new agent for each batch: one that saw more attaches would take the contact for a loose one
    await using agent = await Agent.start(access, {
      signal: stop.signal,
      nodes,
      onFindings: (all) => process.stderr.write(`${JSON.stringify(all)}\n`),
    });
    const rest = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, REST));
    await poll(() => agent.looks > 1, { interval: 5, signal: patience() });
    await rest();
    for (let round = 0; round < BATCH; round++) {
      const add: Seen = { text: '"device_add"' };
      watchFor(add);
      const plugged = change(MODEM);
      await poll(() => agent.accounts.some(({ condition: { is } }) => is === 'attached'), {
        interval: 1,
        signal: patience(),
      });
      const told = performance.now();
      await rest();
      const del: Seen = { text: '"device_del"' };
      watchFor(del);
      const pulled = change(undefined);
      await poll(() => access.claims.list().length === 0, { interval: 5, signal: patience() });
      watchFor(undefined);
      note('toAdd', (add.sent ?? Number.NaN) - plugged);
      note('toAnswer', (add.answered ?? Number.NaN) - plugged);
      note('toEvent', told - plugged);
      note('toDel', (del.sent ?? Number.NaN) - pulled);
      await rest();
    }
    // the device is not to come back in the next batch before its agent
    for (const one of access.claims.lost.list()) access.claims.lost.remove(one);
  }
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  await qplug(['kill', 'vm'], { env, sysfs: host.sysfs });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
