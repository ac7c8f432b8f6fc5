import { type HostAccess, inventoryOf, readableClaims } from '../../access/index.js';
import type { VmFile } from '../../config/index.js';
import type { HostInventory } from '../../host/index.js';
import type { Capabilities, Topology } from '../../qdev/index.js';
import type { Claim } from '../../registry/index.js';
import { readTopologyAndModels } from '../observe/index.js';
import { fileOf, type OpenVm } from '../target/index.js';

/**
 * What is so for a VM that runs, all read once and of one moment: desired (its file) × host (the devices that are plugged in) × actual
 * (its USB tree, and what its QEMU can make). Every command that plans a change, or only shows something, works from one of these.
 */
export interface Situation {
  readonly vm: OpenVm;
  /** Undefined where the VM was not started from a file, or that is gone. */
  readonly file: VmFile | undefined;
  readonly inventory: HostInventory;
  readonly topology: Topology;
  /** What QEMU said of the models that were asked for. */
  readonly capabilities: Capabilities;
  /** Those of the VM; none where the database can't be read. */
  readonly claims: readonly Claim[];
}

/** What a command has read already, before it could ask the VM. */
export interface AlreadyRead {
  /** The VM's file: `undefined` in a member that is there says that it has none. */
  readonly file?: VmFile | undefined;
  readonly inventory?: HostInventory | undefined;
}

/**
 * Reads the situation of a VM: its file and the host, unless they were read already, and its QEMU, in one reading.
 *
 * @param options - `models`: QOM types that QEMU is asked about, given the VM's file
 * @throws QmpError · QplugError with all that is wrong in the VM's file
 */
export async function readSituation(
  vm: OpenVm,
  host: HostAccess,
  options: {
    readonly models: (file: VmFile | undefined) => readonly string[];
    readonly signal: AbortSignal;
    readonly already?: AlreadyRead | undefined;
  },
): Promise<Situation> {
  const { models, signal, already = {} } = options;
  const file = 'file' in already ? already.file : await fileOf(vm);
  const inventory = already.inventory ?? inventoryOf(host);
  const [topology, capabilities] = await readTopologyAndModels(vm.qmp, models(file), signal);
  return { vm, file, inventory, topology, capabilities, claims: readableClaims(vm, host) };
}
