import { type HostAccess, inventoryOf, readableClaims } from '../../access/index.js';
import { type Finding, finding, nearest, QplugError, throwErrors } from '../../diag/index.js';
import type { HostDevice, HostInventory } from '../../host/index.js';
import type { SavedHostDevice, SnapshotRecord } from '../../registry/index.js';
import { type Disk, readDisks, readPlacedTopology } from '../observe/index.js';
import { type Operation, within } from '../operation.js';
import { claimsOnHosts, comeBack, type Equalizing, makeEqual, type Return, returnsOf } from '../plan/index.js';
import { type ChangeStep, type StateOnDisks, stateOnDisks } from '../steps/index.js';
import type { OpenVm } from '../target/index.js';
import { changedVm, changeVm } from '../transaction/index.js';
import { attach } from './attach.js';
import { type DeviceAt, identityOfSaved } from './save-snapshot.js';
import { checkTag } from './snapshot-tag.js';

export interface RestoreRequest {
  readonly tag: string;
  /** Whether it is tried where nobody knows what USB devices belong to it. */
  readonly asItIs: boolean;
}

export interface RestoreReport {
  readonly vm: string;
  readonly tag: string;
  /** Whether its guest runs on: it ran before. */
  readonly runs: boolean;
  /** Devices of the host that are in the VM again. */
  readonly devices: readonly DeviceAt[];
  /** Ids of what was plugged, and of what was taken out, so that the USB tree is the one that was saved. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly findings: readonly Finding[];
}

/** What it takes, and the host that it was worked out from. */
interface Looked extends Equalizing {
  readonly returns: readonly Return[];
  readonly inventory: HostInventory;
}

/** A saved state that can be loaded. */
interface Loadable extends StateOnDisks {
  readonly state: NonNullable<StateOnDisks['state']>;
  readonly holder: Disk;
}

/**
 * Makes a VM what it was when its state was saved: its USB tree is made equal first, with the guest standing still, then QEMU loads
 * the state, then its devices of the host come back, and its guest goes on if it ran.
 *
 * @throws QplugError before anything is touched: `snapshot-unknown`, `-partial`, `-without-state`, `-unrecorded`, `-tree-differs`; with the
 *   guest standing still: `snapshot-failed` with `snapshot-half-loaded`
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
    const look = async (): Promise<Looked> => {
      const now = await readPlacedTopology(vm.qmp, signal);
      const inventory = inventoryOf(host);
      const equal = makeEqual(named, record?.tree, now, inventory, readableClaims(vm, host));
      return { ...equal, inventory, returns: returnsOf(equal, (device) => savedPlaceOf(device, record)) };
    };
    const equal = await look();
    throwErrors(equal.problems);
    const { inTheWay, adds, standIns, hosts, returns, inventory } = equal;
    const before: ChangeStep[] = [
      ...(running ? [{ do: 'pause' as const, label: 'stop the guest' }] : []),
      ...hosts.map(({ removal }) => removal),
      ...inTheWay,
      ...adds,
    ];
    const after: ChangeStep[] = [
      ...standIns,
      ...returns.flatMap(({ host: one, place }) => (place === undefined ? [] : comeBack(one, place))),
      ...(running ? [{ do: 'continue' as const, label: 'let the guest go on' }] : []),
    ];
    const check = async (): Promise<void> => {
      const left = await look();
      throwErrors(left.problems);
      const [other] = [...left.inTheWay, ...left.adds, ...left.hosts.map(({ removal }) => removal)];
      if (other !== undefined) throw new Error(`${other.label} is not as it was planned`);
    };
    const state: ChangeStep = {
      do: 'load-state',
      tag,
      vmstate: saved.holder.node,
      nodes: saved.on.filter(({ readOnly }) => !readOnly).map(({ node }) => node),
      label: `load the state ${tag}: QEMU answers nothing until it is read`,
    };
    const steps = [...before, state, ...after];
    const change = { kind: 'restore', recover: 'undo', steps, inventory, claims: claimsOnHosts(hosts), check } as const;
    const findings = [...(await changeVm(changedVm(vm), change, host, { ...operation, signal })).findings];
    for (const one of returns) findings.push(...(await placeAnew(vm, one, host, operation)));
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
          hosts.map((one) => one.host),
        ),
      ],
    };
  });
}

/** @throws QplugError where there is no such state, or none that a guest could go on from */
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

/** @returns the finding that a VM has no such snapshot */
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

/** A device whose port was taken by the saved tree gets another one. */
async function placeAnew(
  vm: OpenVm,
  { host: one, place }: Return,
  host: HostAccess,
  operation: Operation,
): Promise<Finding[]> {
  if (place !== undefined) return [];
  try {
    const request = { selectors: [one.host.port], slower: 'allow' as const };
    return [...(await attach(vm, request, host, { ...operation, kind: 'restore' })).findings];
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
    return error.findings.map((found): Finding => ({ ...found, severity: 'warning' }));
  }
}

/** @returns the devices of the host that are in a VM, as QEMU has them */
async function devicesOf(vm: OpenVm, host: HostAccess, { timeout }: Operation): Promise<DeviceAt[]> {
  const now = await readPlacedTopology(vm.qmp, AbortSignal.timeout(timeout));
  const { hosts } = makeEqual({ vm: vm.name, tag: '' }, undefined, now, inventoryOf(host), readableClaims(vm, host));
  return hosts.map(({ removal: { target: id, label }, bus, port }) => ({ id, label, bus, port }));
}

/** Devices that the VM had then and has not now: they may be another VM's, so nobody takes them. */
function awayFindings(vm: string, record: SnapshotRecord | undefined, inside: readonly HostDevice[]): Finding[] {
  const there = inside.map((device) => savedPlaceOf(device, record));
  return (record?.hosts ?? [])
    .filter((one) => !there.includes(one))
    .map(({ label }) => finding('snapshot-device-away', { label, vm }, { severity: 'note' }));
}
