import type { VmFile } from '../config/index.js';
import { type Finding, finding, QplugError } from '../diag/index.js';
import { type HostDevice, type HostInventory, matchSelector, requireSelector } from '../host/index.js';
import { type Plan, plan } from '../planner/index.js';
import { type AttachedDevice, hostDeviceSpeeds, isOurs, megabits, type Speed, type Topology } from '../qdev/index.js';
import { type HostAccess, inventoryOf } from './host-access.js';
import { moveFindings, wishedAsWanted } from './one-move.js';
import { fileOf, type OpenVm } from './open-vm.js';
import { type Operation, within } from './operation.js';
import { readTopology } from './read-back.js';
import { isSame, standingOf } from './standing.js';
import { labelOf } from './wanted.js';

/** How a device in a VM stands against the host. */
export interface DeviceState {
  readonly device: AttachedDevice;
  readonly bus: string;
  /**
   * `attached` · `slower`: attached below its speed on the host · `stale`: what it stood for is gone from the host · `detached`:
   * QEMU does not have it attached · `emulated`: QEMU makes it
   */
  readonly state: 'attached' | 'slower' | 'stale' | 'detached' | 'emulated';
  /** Whether qplug plugged it. */
  readonly ours: boolean;
  readonly host: HostDevice | undefined;
  /** The speed that QEMU would give it on a port of its own speed; undefined for an emulated device, and where the host does not tell. */
  readonly native: Speed | undefined;
}

export interface VmStatus {
  readonly vm: string;
  readonly socket: string;
  /** QEMU's run state: `running`, `paused`, `prelaunch`, … */
  readonly run: string;
  readonly topology: Topology;
  readonly devices: readonly DeviceState[];
  /** Free ports that a slow device would not be given, and those that are kept for devices that are away. */
  readonly kept: Pick<Plan, 'reserved' | 'kept'>;
  /** What differs between the VM's file, the host and the VM. */
  readonly findings: readonly Finding[];
}

/** Reads a VM's USB world and holds it against the host and the VM's file: desired × host × actual. Changes nothing. */
export async function statusOf(vm: OpenVm, host: HostAccess, operation: Operation): Promise<VmStatus> {
  return within(operation, `read the state of ${vm.name}`, async (signal) => {
    const [{ status: run }, topology, { file, faults }] = await Promise.all([
      vm.qmp.execute('query-status', undefined, { signal }),
      readTopology(vm.qmp, signal),
      readFile(vm),
    ]);
    const inventory = inventoryOf(host);
    const world = { topology, file, inventory };
    const devices = topology.controllers.flatMap(({ bus, devices: on }) =>
      on.map((device) => stateOf(device, bus, inventory, topology)),
    );
    const findings = [
      ...faults,
      ...devices.flatMap(differenceOf),
      ...(file?.usb.devices ?? []).flatMap((wish) => missing(wish, vm.name, topology, inventory)),
      ...moveFindings(vm.name, world, wishedAsWanted(world)),
    ];
    return { vm: vm.name, socket: vm.socket, run, topology, devices, kept: keptPorts(topology, file), findings };
  });
}

/** The VM's file. What is wrong in it since the start does not keep anyone from looking at the VM. */
async function readFile(vm: OpenVm): Promise<{ readonly file: VmFile | undefined; readonly faults: Finding[] }> {
  try {
    return { file: await fileOf(vm), faults: [] };
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
    return { file: undefined, faults: error.findings.map((one): Finding => ({ ...one, severity: 'warning' })) };
  }
}

/** What the planner would keep if nothing more were asked for. */
function keptPorts(topology: Topology, file: VmFile | undefined): VmStatus['kept'] {
  const growth = { hubs: file?.usb.grow.hubs ?? true, controllers: [] };
  return plan({ topology, growth, devices: [], reserve: file?.usb.reserve });
}

function stateOf(device: AttachedDevice, bus: string, inventory: HostInventory, { version }: Topology): DeviceState {
  const ours = device.id !== undefined && isOurs(device.id);
  const host = inventory.devices.find(
    (one) => one.bus === device.host?.bus && one.address === device.host.address && isSame(device, one),
  );
  const speeds = host === undefined ? undefined : hostDeviceSpeeds(host, version);
  const native = speeds !== undefined && 'native' in speeds ? speeds.native : undefined;
  const known = { device, bus, ours, host, native };
  if (device.driver !== 'usb-host') return { ...known, state: 'emulated', host: undefined, native: undefined };
  if (device.host !== undefined && host === undefined) return { ...known, state: 'stale' };
  if (!device.attached) return { ...known, state: 'detached' };
  const slower = native !== undefined && (device.megabits ?? 0) < megabits(native);
  return { ...known, state: slower ? 'slower' : 'attached' };
}

function differenceOf({ device, bus, state, host }: DeviceState): Finding[] {
  const id = device.id ?? device.qomPath ?? '';
  const label = host === undefined ? id : labelOf(host);
  switch (state) {
    case 'stale':
      return [finding('stale-device', { id, bus, port: device.port ?? '' }, { severity: 'warning' })];
    case 'detached':
      return [finding('detached-device', { id, bus, port: device.port ?? '' }, { severity: 'warning' })];
    case 'slower': {
      const evidence = { label, megabits: device.megabits ?? 0, native: host?.megabits ?? 0 };
      return [finding('runs-slower', evidence, { severity: 'warning' })];
    }
    case 'attached':
    case 'emulated':
      return [];
  }
}

function missing(
  wish: VmFile['usb']['devices'][number],
  vm: string,
  topology: Topology,
  inventory: HostInventory,
): Finding[] {
  if (wish.kind === 'emulated') return [];
  const there = matchSelector(requireSelector(wish.select), inventory);
  if (there.some((device) => standingOf(topology, device)?.state === 'attached')) return [];
  const [first] = there;
  if (first === undefined) {
    return [finding('wanted-not-plugged-in', { selector: wish.select, vm }, { severity: 'note' })];
  }
  return [
    finding('wanted-not-attached', { label: labelOf(first), selector: wish.select, vm }, { severity: 'warning' }),
  ];
}
