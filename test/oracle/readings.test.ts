import fs, { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SinonSpy, spy } from 'sinon';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from '../../scripts/folders.mjs';
import { type HostAccess, openHost } from '../../src/access/index.js';
import type { SysfsReader } from '../../src/host/index.js';
import { Connection } from '../../src/qmp/connection/connection.js';
import {
  attachTo,
  changeTarget,
  detachFrom,
  findVm,
  killVm,
  type Operation,
  openVm,
  runVm,
  statusOf,
} from '../../src/vm/index.js';
import { PATIENCE } from '../patience.js';
import { recordedHost } from './harness/recorded-host.js';
import { standInQemu } from './harness/stand-in-qemu.js';

/*
 * Counts how often a command reads the host and QEMU: once before the change and once after it, however many devices it is about. The QEMU
 * is real, and its host a stand-in.
 */
const recording = recordedHost(join(root, 'test/fixtures/sysfs/six-devices.json'));
const DEVICES = ['1-2', '2-1', '3-1'];

/** How often the command read all of sysfs and a VM's object tree, and what it began. */
interface Counts {
  walks: number;
  readings: number;
  journals: number;
  /** How often it read some devices of the VM. */
  partial: number;
  /** How often it opened the VM's file to read it. */
  opens: number;
}

let folder: string;
let host: HostAccess;
let counts: Counts;
let execute: SinonSpy;
let open: SinonSpy;
const operation = (): Operation => ({ signal: new AbortController().signal, timeout: PATIENCE });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-readings-'));
  const sysfs: SysfsReader = {
    ...recording,
    list: (path) => {
      if (path === 'bus/usb/devices') counts.walks += 1;
      return recording.list(path);
    },
  };
  host = openHost({
    env: {
      PATH: standInQemu(folder, recording),
      QPLUG_RUNTIME_DIR: join(folder, 'run'),
      QPLUG_STATE_DIR: join(folder, 'state'),
    },
    uid: process.getuid?.() ?? 0,
    sysfs,
    policy: join(folder, 'no-policy'),
    watch: (_, { is }) => {
      if (is === 'begun') counts.journals += 1;
    },
  });
  execute = spy(Connection.prototype, 'executeAny');
  open = spy(fs, 'openSync');
  syncBuiltinESMExports();
});
afterEach(async () => {
  execute.restore();
  open.restore();
  syncBuiltinESMExports();
  await killVm(await findVm('bench', host), host, operation());
  rmSync(folder, { recursive: true });
});

/** Counts the readings while something runs. */
async function counted<T>(work: () => Promise<T>): Promise<readonly [Counts, T]> {
  counts = { walks: 0, readings: 0, partial: 0, journals: 0, opens: 0 };
  execute.resetHistory();
  open.resetHistory();
  const result = await work();
  const parts = execute.getCalls().filter(({ args: [command, args] }) => {
    return command === 'qom-get' && (args as { property: string }).property === 'parent_bus';
  });
  // a reading of some devices asks each for its bus
  const asked = parts.map(({ args: [, args] }) => (args as { path: string }).path);
  const partial = Math.max(0, ...asked.map((path) => asked.filter((one) => one === path).length));
  const trees = execute.getCalls().filter(({ args: [command, args] }) => {
    return command === 'qom-list' && (args as { path: string }).path === '/machine';
  });
  const opens = open.getCalls().filter(({ args: [path] }) => path === join(folder, 'bench.yaml'));
  return [{ ...counts, readings: trees.length, partial, opens: opens.length }, result];
}

function vmFile(devices: readonly string[]): string {
  const path = join(folder, 'bench.yaml');
  const list = devices.map((select) => `    - '${select}'\n`).join('');
  const usb = `usb:\n  controllers:\n    - { model: qemu-xhci }\n${list === '' ? '' : `  devices:\n${list}`}`;
  writeFileSync(path, `name: bench\naccel: [tcg]\nmemory: 64M\nqemu: { args: [-S] }\n${usb}`);
  return path;
}

const start = (path: string) => runVm({ path, wait: 0 }, host, operation());

test.each([[1], [3]])(
  'attach FILE SELECTOR of %i devices, and detach: two walks, one reading of all and one of the devices, one journal',
  async (n) => {
    const devices = DEVICES.slice(0, n);
    const path = vmFile([]);
    await counted(() => start(path));
    const both = { config: false, live: false };
    const [attached, report] = await counted(async () =>
      attachTo(await changeTarget(path, both, host), { selectors: devices }, host, operation()),
    );
    expect(report).toMatchObject({ live: true, file: { path } });
    expect(report.devices.map(({ outcome }) => outcome)).toEqual(devices.map(() => 'attached'));
    // its file once to find the VM, and once more when it is found: qplug does not parse the same text again
    expect(attached).toEqual({ walks: 2, readings: 1, partial: 1, journals: 1, opens: 2 });
    const [detached] = await counted(async () =>
      detachFrom(await changeTarget(path, both, host), devices, host, operation()),
    );
    expect(detached).toMatchObject({ readings: 1, partial: 1, journals: 1 });
  },
);

test.each([[1], [3]])(
  'run with %i devices: one transaction with one journal, and one reading of the devices',
  async (n) => {
    const path = vmFile(DEVICES.slice(0, n));
    const [ran, { devices }] = await counted(() => start(path));
    expect(devices).toHaveLength(n);
    expect(ran).toEqual({ walks: 2, readings: 0, partial: 1, journals: 1, opens: 1 });
    const [seen] = await counted(async () => {
      await using vm = await openVm('bench', host, operation());
      return await statusOf(vm, host, operation());
    });
    expect(seen).toEqual({ walks: 1, readings: 1, partial: 0, journals: 0, opens: 1 });
  },
);
