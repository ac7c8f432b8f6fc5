import { keyOf } from '../../../src/access/index.js';
import type { Sight, VmSight } from '../../../src/agent/decide/index.js';
import type { StandingWish } from '../../../src/agent/wish/index.js';
import { type HostDevice, type HostInventory, type Recording, requireSelector } from '../../../src/host/index.js';
import type { Claim, ClaimOwner, LostDevice } from '../../../src/registry/index.js';
import { changed, inventoryOf, recordedDescriptors, recording } from '../host/recordings.js';

/** The time of a sight, in ms, and in ms since 1970. */
export const TIME = 1_000_000;
export const WALL: number = Date.parse('2026-11-30T12:00:00Z');

/** `ms` before the wall clock of a sight: ISO 8601. */
export const ago = (ms: number): string => new Date(WALL - ms).toISOString();

export const SIX: Recording = recording('six-devices');

/** How a device is that was pulled and plugged in again. */
export interface Replug {
  readonly address?: number;
  readonly product?: number;
  readonly serial?: string;
  readonly node?: 'usable' | 'denied';
  /** false: the kernel has announced it, and not yet configured. */
  readonly configured?: boolean;
}

/** @returns the recorded host on which one device was plugged in again, with another address, or as another device */
export function replugged(source: Recording, port: string, replug: Replug): Recording {
  const before = deviceAt(inventoryOf(source), port);
  const { address = before.address, product, serial, node = 'usable', configured = true } = replug;
  const descriptors = Buffer.from(recordedDescriptors(source, port));
  if (product !== undefined) descriptors.writeUInt16LE(product, 10);
  const now = changed(source, {
    [`${port}/devnum`]: { text: `${address}\n` },
    [`${port}/descriptors`]: { base64: descriptors.toString('base64') },
    ...(product === undefined ? {} : { [`${port}/idProduct`]: { text: `${product.toString(16).padStart(4, '0')}\n` } }),
    ...(serial === undefined ? {} : { [`${port}/serial`]: { text: `${serial}\n` } }),
    ...(configured ? {} : { [`${port}/bConfigurationValue`]: { text: '\n' } }),
  });
  const isInterface = new RegExp(`^bus/usb/devices/${port.replaceAll('.', '\\.')}:`);
  const sys = configured
    ? now.sys
    : Object.fromEntries(Object.entries(now.sys).filter(([path]) => !isInterface.test(path)));
  const name = `bus/usb/${String(before.bus).padStart(3, '0')}/${String(address).padStart(3, '0')}`;
  return { ...now, sys, nodes: { ...now.nodes, [name]: node } };
}

export function deviceAt(inventory: HostInventory, port: string): HostDevice {
  const device = inventory.devices.find((one) => one.port === port);
  if (device === undefined) throw new Error(`nothing is plugged in at ${port}`);
  return device;
}

export function ownerNamed(vm: string): ClaimOwner {
  return { vm, socket: `/run/${vm}.sock`, process: undefined };
}

/** @returns the settled claim of a VM on the device at a port */
export function claimOf(vm: string, inventory: HostInventory, port: string, more: Partial<Claim> = {}): Claim {
  const device = deviceAt(inventory, port);
  return {
    key: keyOf(device, inventory),
    owner: ownerNamed(vm),
    state: 'attached',
    reason: undefined,
    worker: undefined,
    device: `qplug-${port}`,
    label: `device at ${port}`,
    port,
    drivers: [],
    since: ago(0),
    address: `${device.bus}.${device.address}`,
    guardOff: [],
    ...more,
  };
}

/** @returns the record of the device at a port, which a VM lost one second ago */
export function lostOf(vm: string, inventory: HostInventory, port: string, more: Partial<LostDevice> = {}): LostDevice {
  const { key, owner, label, guardOff } = claimOf(vm, inventory, port);
  const place = { bus: 'x.0', port: '1' };
  return { key, owner, label, place, guardOff, hold: 30_000, also: [], since: ago(1000), ...more };
}

export function wishFor(vm: string, select: string, more: Partial<StandingWish> = {}): StandingWish {
  return {
    vm,
    name: `wish ${select}`,
    selector: requireSelector(select),
    controller: undefined,
    port: undefined,
    slower: 'refuse',
    hold: 30_000,
    also: [],
    takes: 'one',
    asks: false,
    made: ago(60_000),
    ...more,
  };
}

/** @returns a VM that is up and has nothing, but for what is given */
export function vmNamed(vm: string, more: Partial<VmSight> = {}): VmSight {
  return {
    vm,
    incarnation: 'one',
    state: 'up',
    wishes: [],
    claims: [],
    lost: [],
    dismissed: [],
    isBusy: false,
    isOwn: false,
    checked: undefined,
    ...more,
  };
}

export function sightOf(inventory: HostInventory, vms: readonly VmSight[], more: Partial<Sight> = {}): Sight {
  return { inventory, vms, foreign: [], firstSeen: new Map(), twins: new Set(), time: TIME, wall: WALL, ...more };
}
