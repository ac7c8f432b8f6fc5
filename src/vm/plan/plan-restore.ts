import { type ClaimWish, hostDeviceOf } from '../../access/index.js';
import { type Finding, finding } from '../../diag/index.js';
import type { HostDevice, HostInventory } from '../../host/index.js';
import {
  type AttachedDevice,
  type Controller,
  comparePorts,
  type DeviceSpec,
  emulatedDevice,
  emulatedModel,
  hubId,
  isOurs,
  isQemuId,
  parentPort,
  portDepth,
  SUPER,
  uniqueId,
  usbHub,
} from '../../qdev/index.js';
import type { Claim, SavedController, SavedDevice, UsbTree } from '../../registry/index.js';
import type { PlacedTopology } from '../observe/index.js';
import { type AddStep, type Removal, removalStep } from '../steps/index.js';

/** A host device in a VM, and its place. */
export interface HostDeviceInVm {
  readonly removal: Removal;
  readonly device: HostDevice;
  readonly bus: string;
  readonly port: string;
}

/** @returns the step that plugs a host device in again; an optional step, so the others continue if the device is not available */
export function comeBack(
  { removal: { restore, label, identity }, device: hostDevice }: HostDeviceInVm,
  { bus, port }: { readonly bus: string; readonly port: string },
): AddStep[] {
  if (restore === undefined) return [];
  const device = { ...restore, properties: { ...restore.properties, bus, port } };
  return [{ do: 'add', device, label, hostPort: hostDevice.port, identity, optional: true }];
}

/** @returns the claims that reserve host devices which leave a VM for a time */
export function claimsOnHostDevices(hostDevices: readonly HostDeviceInVm[]): ClaimWish[] {
  return hostDevices.map(({ removal: { target: id }, device }) => ({ id, hostDevice: device }));
}

/** The changes that make a VM's USB tree equal to a saved one. */
export interface Equalizing {
  /** Why the trees can't be made equal; if there is any, the rest does not matter. */
  readonly problems: readonly Finding[];
  readonly notes: readonly Finding[];
  /** Host devices: qplug unplugs all of them, because QEMU drops them for good when it loads a state. */
  readonly hostDevices: readonly HostDeviceInVm[];
  /** Removals of devices that are in the way of the saved tree. */
  readonly inTheWay: readonly Removal[];
  readonly adds: readonly AddStep[];
  /** Removals of those of `adds` that only replace a host device while QEMU loads the state. */
  readonly standIns: readonly Removal[];
  /** The present name of a bus, by its name in the saved tree. */
  readonly buses: ReadonlyMap<string, string>;
  /** Places in use once the tree is equal, as `bus port`. */
  readonly taken: ReadonlySet<string>;
  /** The places of hubs among them. */
  readonly hubs: ReadonlySet<string>;
}

interface Named {
  readonly vm: string;
  readonly tag: string;
}

/** A usb-host that matches no device: it replaces a host device while QEMU loads a state into its port. */
const STAND_IN = 'qplug-stand-in';
const NOTHING = { vendorid: 0xffff, productid: 0xffff, hostbus: 255, hostaddr: 127, hostport: '99' };

const placeOf = (bus: string, port: string): string => `${bus} ${port}`;

/**
 * Plans how to make a VM's USB tree equal to a saved one. The function is pure.
 *
 * QEMU loads a device's state into the device at the same port of the controller at the same PCI address, whatever its id (hw/usb/bus.c,
 * usb_get_dev_path), and refuses the whole state if there is none. Additional devices do no harm. An additional controller does: it goes on
 * using the addresses that its former guest gave it, in memory that now belongs to the loaded guest.
 *
 * @param saved - the saved tree; undefined if it is unknown, so that only the host devices leave
 * @param claims - the VM's claims
 */
export function makeEqual(
  named: Named,
  saved: UsbTree | undefined,
  now: PlacedTopology,
  inventory: HostInventory,
  claims: readonly Claim[] = [],
): Equalizing {
  const work = new TreeEqualizer(named, now, inventory, claims);
  if (saved !== undefined) work.compare(saved);
  return work.result();
}

class TreeEqualizer {
  readonly #named: Named;
  readonly #now: PlacedTopology;
  readonly #inventory: HostInventory;
  readonly #claims: readonly Claim[];
  readonly #problems: Finding[] = [];
  readonly #notes: Finding[] = [];
  readonly #hostDevices: HostDeviceInVm[] = [];
  readonly #inTheWay: Removal[] = [];
  readonly #adds: AddStep[] = [];
  readonly #standIns: Removal[] = [];
  readonly #buses = new Map<string, string>();
  readonly #gone = new Set<AttachedDevice>();
  readonly #taken: Set<string>;

  constructor(named: Named, now: PlacedTopology, inventory: HostInventory, claims: readonly Claim[]) {
    this.#named = named;
    this.#now = now;
    this.#inventory = inventory;
    this.#claims = claims;
    this.#taken = new Set(now.topology.ids);
    for (const controller of now.topology.controllers) this.#takeHostDevices(controller);
  }

  #takeHostDevices(controller: Controller): void {
    for (const device of controller.devices) {
      const hostDevice = hostDeviceOf(device, this.#inventory, this.#claims);
      const removal = removalStep(device, controller, this.#inventory, this.#claims);
      if (device.driver !== 'usb-host' || device.port === undefined) continue;
      if (hostDevice === undefined || removal.restore === undefined) continue;
      this.#hostDevices.push({ removal, device: hostDevice, bus: controller.bus, port: device.port });
      this.#leave(device);
    }
  }

  #leave(device: AttachedDevice): void {
    this.#gone.add(device);
    if (device.id !== undefined) this.#taken.delete(device.id);
  }

  compare(saved: UsbTree): void {
    const { topology, addresses } = this.#now;
    const left = new Set(topology.controllers);
    for (const was of saved.controllers) {
      const is = topology.controllers.find((one) =>
        was.address === null ? one.bus === was.bus && !addresses.has(one.bus) : addresses.get(one.bus) === was.address,
      );
      if (is !== undefined) left.delete(is);
      if (is === undefined) this.#differs({ is: 'controller-missing', controller: seenSaved(was) });
      else if (!isAlike(was, is)) this.#differs({ is: 'controller-other', saved: seenSaved(was), now: this.#seen(is) });
      else this.#compareDevices(was, is);
    }
    for (const one of left) this.#differs({ is: 'controller-extra', controller: this.#seen(one) });
  }

  #compareDevices(was: SavedController, is: Controller): void {
    this.#buses.set(was.bus, is.bus);
    const ports = new Set(was.devices.map(({ port }) => port));
    for (const device of was.devices.toSorted((a, b) => comparePorts(a.port, b.port))) this.#require(device, is);
    for (const device of is.devices) {
      const { id, qomPath, driver, port = '' } = device;
      if (this.#gone.has(device) || ports.has(port) || driver === 'usb-hub') continue;
      const evidence = { id: id ?? qomPath ?? '', driver, bus: is.bus, port };
      this.#notes.push(finding('snapshot-device-extra', evidence, { severity: 'warning' }));
    }
  }

  /** Makes sure that a device of the same kind is at a saved place. */
  #require(was: SavedDevice, controller: Controller): void {
    const there = controller.devices.find(({ port }) => port === was.port);
    if (there !== undefined && !this.#gone.has(there)) {
      if (there.driver === was.driver && (there.hubPorts ?? null) === was.hubPorts) return;
      if (!this.#clear(was, there, controller)) return;
    }
    this.#add(was, controller.bus);
  }

  /** Removes the device at a place and all devices behind it. @returns whether that is possible */
  #clear(was: SavedDevice, there: AttachedDevice, controller: Controller): boolean {
    const leaving = controller.devices.filter(
      (one) =>
        !this.#gone.has(one) && (one === there || (one.port !== undefined && isBehind(one.port, there.port ?? ''))),
    );
    const removals = leaving.map((device) => ({ device, removal: this.#removalOf(device, controller) }));
    for (const { device, removal } of removals) {
      if (removal.restore !== undefined || removal.stale === true) continue;
      const { driver, port } = was;
      const id = device.id ?? device.qomPath ?? '';
      this.#differs({ is: 'place-taken', driver, bus: controller.bus, port, id });
      return false;
    }
    for (const { device, removal } of removals) {
      this.#inTheWay.push(removal);
      this.#leave(device);
    }
    return true;
  }

  #removalOf(device: AttachedDevice, controller: Controller): Removal {
    const removal = removalStep(device, controller, this.#inventory, this.#claims);
    // usb-hosts of present devices have left already
    const isStale = device.driver === 'usb-host' && device.id !== undefined && isOurs(device.id);
    return isStale ? { ...removal, restore: undefined, stale: true } : removal;
  }

  #add(was: SavedDevice, bus: string): void {
    const { driver, port } = was;
    const spec = this.#spell(was, bus);
    if (spec === undefined) {
      this.#differs({ is: 'device-missing', driver, bus, port });
      return;
    }
    this.#taken.add(spec.id);
    this.#adds.push({ do: 'add', device: spec, label: driver === 'usb-host' ? 'a stand-in' : `${driver} ${spec.id}` });
    if (driver !== 'usb-host') return;
    const path = `/machine/peripheral/${spec.id}`;
    this.#standIns.push({
      do: 'remove',
      target: spec.id,
      qomPath: path,
      label: 'a stand-in',
      restore: undefined,
      stale: true,
    });
  }

  #spell({ id, driver, port, hubPorts, megabits }: SavedDevice, bus: string): DeviceSpec | undefined {
    const free = (base: string): string =>
      id !== null && isQemuId(id) && !this.#taken.has(id) ? id : uniqueId(base, this.#taken);
    if (driver === 'usb-host') {
      const properties = { bus, port, ...NOTHING };
      return { driver, id: uniqueId(STAND_IN, this.#taken), properties };
    }
    if (driver === 'usb-hub') return usbHub({ id: free(hubId(bus, port)), bus, port, ports: hubPorts ?? 8 });
    const model = emulatedModel(driver);
    if (model === undefined || model.needs !== undefined || model.attaches !== 'at-once') return undefined;
    // on a root port only a device that was slowed down on purpose runs at 12 Mb/s; behind a hub all do
    const isSlow = model.hasUsbVersion && megabits === 12 && parentPort(port) === undefined;
    const properties = isSlow ? { usb_version: 1 } : {};
    return emulatedDevice({ driver, id: free(`qplug-${driver}`), bus, port, properties });
  }

  #seen(controller: Controller): ControllerDifference {
    return seen(controller, controller.id ?? null, this.#now.addresses.get(controller.bus) ?? null);
  }

  #differs(difference: Difference): void {
    this.#problems.push(finding('snapshot-tree-differs', { ...this.#named, difference }));
  }

  result(): Equalizing {
    const added = this.#adds.map(({ device: { driver, properties } }) => ({
      driver,
      place: placeOf(String(properties['bus']), String(properties['port'])),
    }));
    const staying = this.#now.topology.controllers.flatMap(({ bus, devices }) =>
      devices
        .filter((device) => !this.#gone.has(device))
        .map(({ driver, port }) => ({ driver, place: placeOf(bus, port ?? '') })),
    );
    const all = [...staying, ...added.filter(({ driver }) => driver !== 'usb-host')];
    return {
      problems: this.#problems,
      notes: this.#notes,
      hostDevices: this.#hostDevices,
      // devices behind a hub leave before the hub
      inTheWay: this.#inTheWay.toSorted((a, b) => depthOf(b) - depthOf(a)),
      adds: this.#adds,
      standIns: this.#standIns,
      buses: this.#buses,
      taken: new Set(all.map(({ place }) => place)),
      hubs: new Set(all.filter(({ driver }) => driver === 'usb-hub').map(({ place }) => place)),
    };
  }
}

type Difference = Extract<Finding, { code: 'snapshot-tree-differs' }>['evidence']['difference'];
type ControllerDifference = Extract<Difference, { controller: unknown }>['controller'];

function depthOf({ restore }: Removal): number {
  return portDepth(String(restore?.properties['port'] ?? ''));
}

function isBehind(port: string, hub: string): boolean {
  return port.startsWith(`${hub}.`);
}

function isAlike(was: SavedController, { model, ports }: Controller): boolean {
  const all = (some: SavedController['ports']): string => some.map(({ port, mask }) => `${port}:${mask}`).join(' ');
  return was.model === model && all(was.ports) === all(ports);
}

function seenSaved(was: SavedController): ControllerDifference {
  return seen(was, was.id, was.address);
}

function seen(
  { bus, model, ports }: Pick<SavedController, 'bus' | 'model' | 'ports'>,
  id: string | null,
  address: string | null,
): ControllerDifference {
  const fast = ports.filter(({ mask }) => (mask & SUPER) !== 0).length;
  return { name: id ?? bus, model, address, slow: ports.length - fast, fast };
}

/** The place at which a host device comes back. */
export interface DeviceReturn {
  readonly device: HostDeviceInVm;
  /** Undefined if neither its saved port nor its present one exists and is free. */
  readonly place: { readonly bus: string; readonly port: string } | undefined;
}

/**
 * @param savedPlaceOf - gives a device's place in the saved tree
 * @returns for each host device the port where it comes back: its port in the saved tree, otherwise its present port, whichever first
 *   exists and is free
 */
export function returnsOf(
  { hostDevices, taken, hubs, buses }: Equalizing,
  savedPlaceOf: (hostDevice: HostDevice) => { readonly bus: string; readonly port: string } | undefined,
): DeviceReturn[] {
  const used = new Set(taken);
  return hostDevices.map((device) => {
    const was = savedPlaceOf(device.device);
    const bus = was && (buses.get(was.bus) ?? was.bus);
    const saved = was === undefined || bus === undefined ? [] : [{ bus, port: was.port }];
    const place = [...saved, { bus: device.bus, port: device.port }].find((one) => {
      const parent = parentPort(one.port);
      return !used.has(placeOf(one.bus, one.port)) && (parent === undefined || hubs.has(placeOf(one.bus, parent)));
    });
    if (place !== undefined) used.add(placeOf(place.bus, place.port));
    return { device, place };
  });
}
