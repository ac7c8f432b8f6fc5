import { type HostAccess, inventoryOf, readableClaims } from '../../../access/index.js';
import { type Finding, finding, throwErrors } from '../../../diag/index.js';
import type { HostDevice } from '../../../host/index.js';
import { emulatedModel, type Topology } from '../../../qdev/index.js';
import type { SavedHostDevice, SnapshotRecord } from '../../../registry/index.js';
import {
  type Disk,
  type PlacedTopology,
  readDisks,
  readPlacedTopology,
  refuseHalfLoaded,
  STATE_FORMAT,
  stateDisk,
  treeOf,
  writableDisks,
} from '../../observe/index.js';
import { type Operation, within } from '../../operation.js';
import { claimsOnHostDevices, comeBack, type HostDeviceInVm, makeEqual } from '../../plan/index.js';
import { type ChangeStep, stateOnDisks } from '../../steps/index.js';
import type { OpenVm } from '../../target/index.js';
import { changedVm, changeVm } from '../../transaction/index.js';
import { checkTag } from './snapshot-tag.js';

export interface SaveRequest {
  readonly tag: string;
  /** Whether the host devices stay in the VM during the save. */
  readonly keep: boolean;
}

/** A host device, and its place in the VM. */
export interface DeviceAt {
  readonly id: string;
  readonly label: string;
  readonly bus: string;
  readonly port: string;
}

export interface SaveReport {
  readonly vm: string;
  readonly tag: string;
  /** Names of the disks that have it; the one with the VM's state first. */
  readonly disks: readonly string[];
  /** Bytes of the VM's state. */
  readonly stateBytes: number;
  /** Host devices that left the VM during the save; a finding reports each that did not come back. */
  readonly devices: readonly DeviceAt[];
  readonly findings: readonly Finding[];
}

/**
 * Saves the state of a VM into its disks, and a record of its USB tree beside it. Unplugs the host devices during the save, keeps them
 * claimed so that no other VM gets them, and then plugs each into its port again.
 *
 * @throws QplugError before any change: `snapshot-tag-wrong`, `-exists`, `-no-disk`, `-disk-unable`, `-blocked`; with
 *   everything undone: `snapshot-failed`, …
 */
export async function saveSnapshot(
  vm: OpenVm,
  { tag, keep }: SaveRequest,
  host: HostAccess,
  operation: Operation,
): Promise<SaveReport> {
  checkTag(tag);
  return within(operation, `save ${vm.name}`, async (signal) => {
    await refuseHalfLoaded(vm, signal);
    const disks = await readDisks(vm.qmp, signal);
    const now = await readPlacedTopology(vm.qmp, signal);
    const holder = stateDisk(disks);
    throwErrors([...diskFindings(vm.name, tag, disks, holder), ...blockers(vm.name, now.topology)]);
    if (holder === undefined) throw new Error('no disk for the state, and no finding about it');
    const inventory = inventoryOf(host);
    const inside = makeEqual({ vm: vm.name, tag }, undefined, now, inventory, readableClaims(vm, host)).hostDevices;
    const hostDevices = keep ? [] : inside;
    const nodes = writableDisks(disks).map(({ node }) => node);
    const state: ChangeStep = {
      do: 'save-state',
      tag,
      vmstate: holder.node,
      nodes,
      record: recordOf({ vm: vm.name, tag, keep }, now, hostDevices, inside),
      label: `save the state as ${tag}: QEMU does not answer until it is saved`,
    };
    const steps = [
      ...hostDevices.map(({ removal }) => removal),
      state,
      ...hostDevices.flatMap((one) => comeBack(one, one)),
    ];
    const change = {
      kind: 'snapshot',
      recover: 'undo',
      steps,
      inventory,
      claims: claimsOnHostDevices(hostDevices),
    } as const;
    const { findings } = await changeVm(changedVm(vm), change, host, { ...operation, signal });
    const saved = stateOnDisks(tag, await readDisks(vm.qmp, AbortSignal.timeout(operation.timeout)));
    const others = nodes.filter((node) => node !== holder.node);
    const named = [holder.node, ...others].map((node) => disks.find((disk) => disk.node === node)?.name ?? node);
    const devices = hostDevices.map(({ removal: { target: id, label }, bus, port }) => ({ id, label, bus, port }));
    return { vm: vm.name, tag, disks: named, stateBytes: saved?.state?.stateBytes ?? 0, devices, findings };
  });
}

function recordOf(
  { vm, tag, keep }: SaveRequest & { readonly vm: string },
  now: PlacedTopology,
  leaving: readonly HostDeviceInVm[],
  inside: readonly HostDeviceInVm[],
): SnapshotRecord {
  const out = new Set(leaving.map(({ removal }) => removal.target));
  const hosts = inside.map(({ device, removal: { label }, bus, port }): SavedHostDevice => {
    return { ...identityOfSaved(device), label, bus, port };
  });
  return { format: 1, vm, tag, tree: treeOf(now, out), hosts, kept: keep };
}

/** The facts that identify a host device at any connector. */
export function identityOfSaved({
  vendorId,
  productId,
  serial = '',
}: HostDevice): Pick<SavedHostDevice, 'vendorId' | 'productId' | 'serial'> {
  return { vendorId, productId, serial };
}

function diskFindings(vm: string, tag: string, disks: readonly Disk[], holder: Disk | undefined): Finding[] {
  const seen = ({ name, driver, file }: Disk): Pick<Disk, 'name' | 'driver' | 'file'> => ({ name, driver, file });
  const exists = stateOnDisks(tag, disks) === undefined ? [] : [finding('snapshot-exists', { vm, tag })];
  if (holder === undefined) {
    const all = disks.map((disk) => ({ ...seen(disk), readOnly: disk.readOnly }));
    return [...exists, finding('snapshot-no-disk', { vm, disks: all })];
  }
  const unable = writableDisks(disks).filter(({ driver }) => driver !== STATE_FORMAT);
  return [...exists, ...unable.map((disk) => finding('snapshot-disk-unable', { vm, ...seen(disk) }))];
}

/** The USB devices that block a snapshot; QEMU itself reports blockers on other buses, before it changes anything. */
function blockers(vm: string, { controllers }: Topology): Finding[] {
  return controllers.flatMap(({ devices }) =>
    devices.flatMap(({ driver, id, qomPath, port = '' }): Finding[] => {
      if (emulatedModel(driver)?.blocksMigration !== true) return [];
      return [finding('snapshot-blocked', { vm, driver, id: id ?? qomPath ?? '', port })];
    }),
  );
}
