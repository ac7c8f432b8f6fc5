import { claimsOf, type HostAccess, ownerOf, standingOf, suspensionOf } from '../../../access/index.js';
import type { VmFile } from '../../../config/index.js';
import { type Finding, finding, QplugError } from '../../../diag/index.js';
import { type HostInventory, labelOf, matchSelector, requireSelector } from '../../../host/index.js';
import { type Plan, plan } from '../../../planner/index.js';
import type { AttachedDevice, Topology } from '../../../qdev/index.js';
import { type Claim, sameOwner } from '../../../registry/index.js';
import { type DeviceState, halfLoadedFinding, leftoversOf, stateOf } from '../../observe/index.js';
import { type Operation, within } from '../../operation.js';
import {
  growthOf,
  type MoveWorld,
  modelsOfMoves,
  moveFindings,
  readSituation,
  recalled,
  wishedAsWanted,
} from '../../plan/index.js';
import { hasLeft } from '../../steps/index.js';
import { fileOf, type OpenVm } from '../../target/index.js';

export interface VmStatus {
  readonly vm: string;
  readonly socket: string;
  /** QEMU's run state: `running`, `paused`, `prelaunch`, … */
  readonly run: string;
  readonly topology: Topology;
  readonly devices: readonly DeviceState[];
  /** The VM's claims by device id; undefined if they can't be read. */
  readonly claims: ReadonlyMap<string, Claim> | undefined;
  /** Free ports that qplug would not give to a slow device, and ports that it keeps for absent devices. */
  readonly kept: Pick<Plan, 'reserved' | 'kept'>;
  /** The differences between the VM's file, the host and the VM. */
  readonly findings: readonly Finding[];
}

/** Reads a VM's USB tree and compares it with the host and the VM's file: desired × host × actual. Changes nothing. */
export async function statusOf(vm: OpenVm, host: HostAccess, operation: Operation): Promise<VmStatus> {
  return within(operation, `read the state of ${vm.name}`, async (signal) => {
    const { file, faults } = await readFile(vm);
    const [{ status: run }, situation] = await Promise.all([
      vm.qmp.execute('query-status', undefined, { signal }),
      readSituation(vm, host, { models: modelsOfMoves, signal, already: { file } }),
    ]);
    const { topology, inventory, claims } = situation;
    const left = await hasLeft(vm.qmp, signal);
    const remembered = recalled([], situation, host);
    const world = { ...situation, kept: remembered.kept };
    const devices = topology.controllers.flatMap(({ bus, devices: on }) =>
      on.map((device) => stateOf(device, bus, inventory, topology.version, claims)),
    );
    const again = (device: AttachedDevice) => pluggedThere(device, topology, claims, inventory);
    const findings = [
      ...faults,
      ...guestFinding(vm, run, left),
      ...(await halfLoadedFinding(vm, signal)),
      ...suspendedFinding(vm, run, host),
      ...awaitedFindings(vm, host),
      ...remembered.findings,
      ...devices.flatMap((one) => differenceOf(one, vm.name, again)),
      // a VM whose guest has left needs no devices
      ...(left
        ? []
        : [
            ...(file?.usb.devices ?? []).flatMap((wish) => missingFindings(wish, vm.name, world)),
            ...moveFindings(vm.name, world, wishedAsWanted(world)),
          ]),
    ];
    return {
      vm: vm.name,
      socket: vm.socket,
      run,
      topology,
      devices,
      claims: claimsById(vm, host),
      kept: keptPorts(world),
      findings,
    };
  });
}

/** An unreadable database does not prevent the status; qplug has reported it before this command. */
function claimsById(vm: OpenVm, host: HostAccess): VmStatus['claims'] {
  return readable(() => new Map(claimsOf(ownerOf(vm), host).map((claim) => [claim.device, claim])));
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
    return undefined;
  }
}

/** The devices that the VM lost and is to get back. */
function awaitedFindings(vm: OpenVm, host: HostAccess): Finding[] {
  const lost = readable(() => host.claims.lost.list().filter((one) => sameOwner(one.owner, ownerOf(vm)))) ?? [];
  return lost.map(({ label }) => finding('device-awaited', { label, vm: vm.name }, { severity: 'note' }));
}

/** A finding that the guest is not here, if so. */
function guestFinding({ name: vm }: OpenVm, run: string, left: boolean): Finding[] {
  if (run === 'inmigrate') return [finding('awaits-guest', { vm }, { severity: 'note' })];
  return left ? [finding('migrated-away', { vm }, { severity: 'note' })] : [];
}

function suspendedFinding(vm: OpenVm, run: string, host: HostAccess): Finding[] {
  if (run !== 'paused') return [];
  const suspension = readable(() => suspensionOf(ownerOf(vm), host));
  if (suspension === undefined) return [];
  const devices = suspension.devices.map(({ label }) => label);
  return [finding('suspended', { vm: vm.name, devices, since: suspension.since }, { severity: 'note' })];
}

/** Reads the VM's file. Errors in it since the start do not prevent the status. */
async function readFile(vm: OpenVm): Promise<{ readonly file: VmFile | undefined; readonly faults: Finding[] }> {
  try {
    return { file: await fileOf(vm), faults: [] };
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
    return { file: undefined, faults: error.findings.map((one): Finding => ({ ...one, severity: 'warning' })) };
  }
}

/** The ports that the planner reserves without a further request. */
function keptPorts({ topology, capabilities, file, kept }: MoveWorld): VmStatus['kept'] {
  const growth = growthOf(topology, { hubs: file?.usb.grow.hubs ?? true, controllers: false }, capabilities);
  return plan({ topology, growth, devices: [], kept, reserve: file?.usb.reserve });
}

/** @returns the host port of the device whose attach replaces this leftover object; undefined if no such device is plugged in */
function pluggedThere(
  device: AttachedDevice,
  topology: Topology,
  claims: readonly Claim[],
  inventory: HostInventory,
): string | undefined {
  return inventory.devices.find((one) => {
    const standing = standingOf(topology, one, inventory, claims);
    if (standing?.state === 'attached') return false;
    return (
      standing?.device === device ||
      leftoversOf(topology, one, claims, inventory).some((left) => left.standing.device === device)
    );
  })?.port;
}

function differenceOf(
  { device, bus, state, hostDevice }: DeviceState,
  vm: string,
  again: (device: AttachedDevice) => string | undefined,
): Finding[] {
  const id = device.id ?? device.qomPath ?? '';
  const label = hostDevice === undefined ? id : labelOf(hostDevice);
  const lost = () => ({ id, vm, bus, port: device.port ?? '', again: again(device) });
  switch (state) {
    case 'stale':
      return [finding('stale-device', lost(), { severity: 'warning' })];
    case 'detached':
      return [finding('detached-device', lost(), { severity: 'warning' })];
    case 'slower': {
      const evidence = { label, megabits: device.megabits ?? 0, native: hostDevice?.megabits ?? 0 };
      return [finding('runs-slower', evidence, { severity: 'warning' })];
    }
    case 'attached':
    case 'emulated':
      return [];
  }
}

function missingFindings(
  wish: VmFile['usb']['devices'][number],
  vm: string,
  { topology, inventory, claims }: MoveWorld,
): Finding[] {
  if (wish.kind === 'emulated') return [];
  const there = matchSelector(requireSelector(wish.select), inventory);
  if (there.some((device) => standingOf(topology, device, inventory, claims)?.state === 'attached')) return [];
  const [first] = there;
  if (first === undefined) {
    return [finding('wanted-not-plugged-in', { selector: wish.select, vm }, { severity: 'note' })];
  }
  return [
    finding('wanted-not-attached', { label: labelOf(first), selector: wish.select, vm }, { severity: 'warning' }),
  ];
}
