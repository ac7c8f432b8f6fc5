import { type HostAccess, inventoryOf, readableClaims } from '../../access/index.js';
import type { VmFile } from '../../config/index.js';
import type { HostInventory } from '../../host/index.js';
import type { Capabilities, Topology } from '../../qdev/index.js';
import type { Claim } from '../../registry/index.js';
import { isUnchanged, type KnownTree, readTopologyAndModels } from '../observe/index.js';
import { fileOf, type OpenVm } from '../target/index.js';

/**
 * All facts about a running VM, read once: desired (its file) × host (the devices that are plugged in) × actual (its USB tree, and the
 * models of its QEMU). Every command that plans a change or shows a state works from one situation.
 */
export interface Situation {
  readonly vm: OpenVm;
  /** Undefined if the VM was not started from a file, or the file is gone. */
  readonly file: VmFile | undefined;
  readonly inventory: HostInventory;
  readonly topology: Topology;
  /** QEMU's answer about the requested models. */
  readonly capabilities: Capabilities;
  /** The VM's claims; none if the database can't be read. */
  readonly claims: readonly Claim[];
}

/** Facts that a command read before it connected to the VM. */
export interface AlreadyRead {
  /** The VM's file; a member that is present with the value `undefined` states that it has none. */
  readonly file?: VmFile | undefined;
  readonly inventory?: HostInventory | undefined;
  /** The VM's tree, if it was read before; used if QEMU shows that it has not changed. */
  readonly tree?: KnownTree | undefined;
}

/**
 * Reads the situation of a VM: its file and the host, unless the caller has read them already, and its QEMU, in one reading.
 *
 * @param options - `models`: gives the QOM types to ask QEMU about, from the VM's file
 * @throws QmpError · QplugError with all errors of the VM's file
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
  const [topology, capabilities] = await readTree(vm, models(file), already.tree, signal);
  return { vm, file, inventory, topology, capabilities, claims: readableClaims(vm, host) };
}

async function readTree(
  { qmp }: OpenVm,
  models: readonly string[],
  known: KnownTree | undefined,
  signal: AbortSignal,
): Promise<readonly [Topology, Capabilities]> {
  const tells = known !== undefined && models.every((model) => known.models.includes(model));
  if (tells && (await isUnchanged(qmp, known, signal))) return [known.topology, known.capabilities];
  return await readTopologyAndModels(qmp, models, signal);
}
