import { type HostAccess, inventoryOf, readableClaims } from '../../../access/index.js';
import { type Finding, finding, nearest, QplugError, throwErrors } from '../../../diag/index.js';
import type { HostDevice, HostInventory } from '../../../host/index.js';
import type { SavedHostDevice, SnapshotRecord } from '../../../registry/index.js';
import { type Disk, readDisks, readPlacedTopology } from '../../observe/index.js';
import { type Operation, within } from '../../operation.js';
import {
  claimsOnHostDevices,
  comeBack,
  type DeviceReturn,
  type Equalizing,
  makeEqual,
  returnsOf,
} from '../../plan/index.js';
import { type ChangeStep, type StateOnDisks, stateOnDisks } from '../../steps/index.js';
import type { OpenVm } from '../../target/index.js';
import { changedVm, changeVm } from '../../transaction/index.js';
import { attach } from '../plug/index.js';
import { type DeviceAt, identityOfSaved } from './save-snapshot.js';
import { checkTag } from './snapshot-tag.js';

export interface RestoreRequest {
  readonly tag: string;
  /** Whether to try a snapshot without a record of its USB devices. */
  readonly asItIs: boolean;
}

export interface RestoreReport {
  readonly vm: string;
  readonly tag: string;
  /** Whether the guest runs again, as before the restore. */
  readonly runs: boolean;
  /** Host devices that are in the VM again. */
  readonly devices: readonly DeviceAt[];
  /** Ids of devices that qplug added and removed to make the USB tree equal to the saved one. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly findings: readonly Finding[];
}

/** The plan of a restore, and its inventory. */
interface RestorePlan extends Equalizing {
  readonly returns: readonly DeviceReturn[];
  readonly inventory: HostInventory;
}

/** A saved state that QEMU can load. */
interface Loadable extends StateOnDisks {
  readonly state: NonNullable<StateOnDisks['state']>;
  readonly holder: Disk;
}

/**
 * Restores a snapshot: pauses the guest, makes the USB tree equal to the saved one, lets QEMU load the state, plugs the host devices in
 * again, and resumes the guest if it ran before.
 *
 * @throws QplugError before any change: `snapshot-unknown`, `-partial`, `-without-state`, `-unrecorded`, `-tree-differs`; with the guest
 *   paused: `snapshot-failed` with `snapshot-half-loaded`
 */
export async function restoreSnapshot(
  vm: OpenVm,
  { tag, asItIs }: RestoreRequest,
  host: HostAccess,
  operation: Operation,
): Promise<RestoreReport> {
  checkTag(tag);
  return within(operation, `restore ${vm.name}`, async (signal) => {
    const { running } = await vm.qmp.execute('query-status', undefined, { signal });
    const saved = loadable(vm.name, tag, await readDisks(vm.qmp, signal));
    const record = recordOf(vm.name, saved, asItIs, host);
    const named = { vm: vm.name, tag };
    const look = async (): Promise<RestorePlan> => {
      const now = await readPlacedTopology(vm.qmp, signal);
      const inventory = inventoryOf(host);
      const equal = makeEqual(named, record?.tree, now, inventory, readableClaims(vm, host));
      return { ...equal, inventory, returns: returnsOf(equal, (device) => savedPlaceOf(device, record)) };
    };
    const equal = await look();
    throwErrors(equal.problems);
    const { inTheWay, adds, standIns, hostDevices, returns, inventory } = equal;
    const before: ChangeStep[] = [
      ...(running ? [{ do: 'pause' as const, label: 'pause the guest' }] : []),
      ...hostDevices.map(({ removal }) => removal),
      ...inTheWay,
      ...adds,
    ];
    const after: ChangeStep[] = [
      ...standIns,
      ...returns.flatMap(({ device: one, place }) => (place === undefined ? [] : comeBack(one, place))),
      ...(running ? [{ do: 'continue' as const, label: 'resume the guest' }] : []),
    ];
    const check = async (): Promise<void> => {
      const left = await look();
      throwErrors(left.problems);
      const [other] = [...left.inTheWay, ...left.adds, ...left.hostDevices.map(({ removal }) => removal)];
      if (other !== undefined) throw new Error(`${other.label} is not as planned`);
    };
    const state: ChangeStep = {
      do: 'load-state',
      tag,
      vmstate: saved.holder.node,
      nodes: saved.on.filter(({ readOnly }) => !readOnly).map(({ node }) => node),
      label: `load the state ${tag}: QEMU does not answer until it is loaded`,
    };
    const steps = [...before, state, ...after];
    const change = {
      kind: 'restore',
      recover: 'undo',
      steps,
      inventory,
      claims: claimsOnHostDevices(hostDevices),
      check,
    } as const;
    const findings = [...(await changeVm(changedVm(vm), change, host, { ...operation, signal })).findings];
    for (const one of returns) findings.push(...(await attachElsewhere(vm, one, host, operation)));
    const back = await devicesOf(vm, host, operation);
    return {
      ...named,
      runs: running,
      devices: back,
      added: adds.filter(({ device }) => device.driver !== 'usb-host').map(({ device }) => device.id),
      removed: inTheWay.map(({ target }) => target),
      findings: [
        ...findings,
        ...equal.notes,
        ...awayFindings(
          vm.name,
          record,
          hostDevices.map((one) => one.device),
        ),
      ],
    };
  });
}

/** @throws QplugError if there is no such state, or it is incomplete */
function loadable(vm: string, tag: string, disks: readonly Disk[]): Loadable {
  const found = stateOnDisks(tag, disks);
  if (found === undefined) throw new QplugError([unknown(vm, tag, disks)]);
  const { state, holder, missingOn } = found;
  if (missingOn.length > 0) {
    throw new QplugError([finding('snapshot-partial', { vm, tag, disks: missingOn.map(({ name }) => name) })]);
  }
  if (state === undefined || holder === undefined)
    throw new QplugError([finding('snapshot-without-state', { vm, tag })]);
  return { ...found, state, holder };
}

/** @returns the finding that a VM does not have this snapshot */
export function unknown(vm: string, tag: string, disks: readonly Disk[]): Finding {
  const tags = tagsOf(disks);
  return finding('snapshot-unknown', { vm, tag, tags, nearest: nearest(tag, tags) });
}

/** @returns the tags on any disk, each once */
export function tagsOf(disks: readonly Disk[]): string[] {
  return [...new Set(disks.flatMap(({ snapshots }) => snapshots.map((one) => one.tag)))];
}

function recordOf(
  vm: string,
  { tag, state }: Loadable,
  asItIs: boolean,
  { snapshots }: HostAccess,
): SnapshotRecord | undefined {
  const record = snapshots?.read(state) ?? 'none';
  if (typeof record === 'object') return record;
  if (asItIs) return undefined;
  throw new QplugError([finding('snapshot-unrecorded', { vm, tag, record, path: snapshots?.pathOf(state) })]);
}

function savedPlaceOf(device: HostDevice, record: SnapshotRecord | undefined): SavedHostDevice | undefined {
  const { vendorId, productId, serial } = identityOfSaved(device);
  return record?.hosts.find((one) => one.vendorId === vendorId && one.productId === productId && one.serial === serial);
}

/** Attaches a device to another port if the saved tree uses its port. */
async function attachElsewhere(
  vm: OpenVm,
  { device: one, place }: DeviceReturn,
  host: HostAccess,
  operation: Operation,
): Promise<Finding[]> {
  if (place !== undefined) return [];
  try {
    const request = { selectors: [one.device.port], slower: 'allow' as const };
    return [...(await attach(vm, request, host, { ...operation, kind: 'restore' })).findings];
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
    return error.findings.map((found): Finding => ({ ...found, severity: 'warning' }));
  }
}

/** @returns the host devices in a VM, according to QEMU */
async function devicesOf(vm: OpenVm, host: HostAccess, { timeout }: Operation): Promise<DeviceAt[]> {
  const now = await readPlacedTopology(vm.qmp, AbortSignal.timeout(timeout));
  const { hostDevices } = makeEqual(
    { vm: vm.name, tag: '' },
    undefined,
    now,
    inventoryOf(host),
    readableClaims(vm, host),
  );
  return hostDevices.map(({ removal: { target: id, label }, bus, port }) => ({ id, label, bus, port }));
}

/** Notes about host devices that the VM had at the snapshot and lacks now; qplug does not attach them, because another VM may have them. */
function awayFindings(vm: string, record: SnapshotRecord | undefined, inside: readonly HostDevice[]): Finding[] {
  const there = inside.map((device) => savedPlaceOf(device, record));
  return (record?.hosts ?? [])
    .filter((one) => !there.includes(one))
    .map(({ label }) => finding('snapshot-device-away', { label, vm }, { severity: 'note' }));
}
