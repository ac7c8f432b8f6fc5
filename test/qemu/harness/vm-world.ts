import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostAccess } from '../../../src/access/index.js';
import { recordedSysfs } from '../../../src/host/index.js';
import type { Topology } from '../../../src/qdev/index.js';
import { ClaimStore, Journal, PlaceStore, ShareStore, SnapshotStore, VmRegistry } from '../../../src/registry/index.js';
import { type Operation, openVm } from '../../../src/vm/index.js';
import { readTopology } from '../../../src/vm/observe/read-topology.js';
import { PATIENCE } from '../../patience.js';

/** A host without USB, with folders of its own. */
export interface World extends Disposable {
  readonly folder: string;
  readonly host: HostAccess;
  /** What operations told as they went. */
  readonly told: string[];
  /** Writes a file into the world's folder and returns its path. */
  file(name: string, text: string): string;
  /** `timeout` ms, default PATIENCE; progress goes to `told`. */
  operation(more?: Partial<Operation>): Operation;
}

/** @param env - beside PATH */
export function makeWorld(env: Readonly<Record<string, string>> = {}): World {
  const folder = mkdtempSync(join(tmpdir(), 'qplug-vm-'));
  const told: string[] = [];
  const host: HostAccess = {
    sysfs: recordedSysfs({ schema: 'qplug-host-recording-1', sys: {}, nodes: {} }),
    drivers: { path: 'none', probe: () => undefined, bind: () => undefined, unbind: () => undefined },
    registry: new VmRegistry(join(folder, 'run')),
    shares: new ShareStore(join(folder, 'run')),
    claims: new ClaimStore(join(folder, 'run')),
    journal: new Journal(join(folder, 'state')),
    places: new PlaceStore(join(folder, 'state')),
    snapshots: new SnapshotStore(join(folder, 'state')),
    env: { PATH: process.env['PATH'], ...env },
  };
  return {
    folder,
    host,
    told,
    file(name, text) {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    },
    operation: (more) => ({
      signal: new AbortController().signal,
      timeout: PATIENCE,
      onProgress: (what) => void told.push(what),
      ...more,
    }),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** @returns what the registry's folder holds: nothing, after each failure */
export function stateLeft({ host }: World): string[] {
  try {
    return readdirSync(host.registry.folder, { recursive: true, encoding: 'utf8' });
  } catch {
    return [];
  }
}

/** @returns the command lines of living processes that name the folder of a world */
export function processesOf({ folder }: World): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      } catch {
        return '';
      }
    })
    .filter((line) => line.includes(folder));
}

/** @returns the USB tree behind a socket, as one word for each thing: `xhci.0 1 usb-tablet qplug-usb-tablet 480` */
export async function treeOf(world: World, socket: string): Promise<string[]> {
  const { controllers } = await topologyOf(world, socket);
  return controllers.flatMap(({ bus, devices }) =>
    devices.map(({ port, driver, id, megabits }) => [bus, port ?? '?', driver, id ?? '-', megabits ?? '-'].join(' ')),
  );
}

export async function topologyOf({ host, operation }: World, socket: string): Promise<Topology> {
  const { signal, timeout } = operation();
  await using vm = await openVm(socket, host, { signal, timeout });
  return await readTopology(vm.qmp, signal);
}
