import { printable } from '../../diag/index.js';
import type { Plan } from '../../planner/index.js';
import { type AttachedDevice, type Controller, megabits } from '../../qdev/index.js';
import type { Claim } from '../../registry/index.js';
import type { DeviceState, VmStatus } from '../../vm/index.js';
import { speedText } from '../text/index.js';

/** The words that the tree and the picture show for a device in a VM. All of them are printable. */
export interface DeviceWords {
  readonly name: string;
  /** The port of the host that the device is plugged into: `from 1-2.3`; or `new` for a device that a plan adds. */
  readonly about?: string | undefined;
  /** What is wrong with the device: `slower: it can do 5G`. */
  readonly trouble?: string | undefined;
  readonly state: DeviceLook;
  readonly id?: string | undefined;
}

/**
 * `new`: a plan adds it. `slower`: it runs below its native speed. `away`: QEMU does not have it attached, its host device is gone, or
 * another qplug is working on it.
 */
export type DeviceLook = 'there' | 'new' | 'slower' | 'away';

/** @returns the words for a device on this controller */
export type Describe = (device: AttachedDevice, controller: Controller) => DeviceWords;

/** @returns the words of a plan for the devices of `plan.after` */
export function planWords(plan: Plan): Describe {
  const placed = new Map(plan.placements.map((one) => [`${one.port}@${one.bus}`, one]));
  const added = new Set(plan.hubs.map(({ bus, port }) => `${port}@${bus}`));
  const isThere = (device: AttachedDevice, { bus }: Controller): boolean =>
    !placed.has(`${device.port}@${bus}`) && !added.has(`${device.port}@${bus}`);
  // where everything is new, the word `new` says nothing
  const mixed = plan.after.controllers.some((one) => one.devices.some((device) => isThere(device, one)));
  const fresh = mixed ? ({ about: 'new', state: 'new' } as const) : ({ state: 'there' } as const);
  return (device, { bus }) => {
    const place = `${device.port}@${bus}`;
    const placement = placed.get(place);
    if (device.hubPorts !== undefined) {
      const words = { name: `${hubName(device.hubPorts)}${automatic(device)}`, id: idOf(device) };
      if (added.has(place)) {
        const what = sparesPorts(plan, bus, device) ? 'will be added, keeps fast ports free' : 'will be added';
        return { ...words, name: `${words.name}, ${what}`, state: 'new' };
      }
      return placement === undefined ? { ...words, state: 'there' } : { ...words, ...fresh };
    }
    if (placement === undefined) {
      const words = { name: printable(device.product ?? device.driver), id: idOf(device) };
      return device.attached ? { ...words, state: 'there' } : { ...words, trouble: 'not attached', state: 'away' };
    }
    const { label, speed, native } = placement;
    if (speed === native) return { name: label, ...fresh };
    return { name: label, ...fresh, trouble: slowerThan(megabits(native)), state: 'slower' };
  };
}

/**
 * Whether a device behind a hub could have had a port that the reserve keeps for faster devices. Then the hub is there to spare that port.
 */
function sparesPorts({ placements }: Plan, bus: string, { port: at }: AttachedDevice): boolean {
  const behind = placements.find((one) => one.bus === bus && one.port.startsWith(`${at}.`));
  return behind?.candidates.some(({ verdict }) => verdict.verdict === 'reserved') === true;
}

/** @returns the words for the devices of a VM in its present state */
export function statusWords(status: VmStatus): Describe {
  const states = new Map(status.devices.map((one) => [one.device, one]));
  return (device) => {
    const known = states.get(device);
    const claim = device.id === undefined ? undefined : status.claims?.get(device.id);
    const trouble = known === undefined ? undefined : (troubleOf(known) ?? busyWith(claim));
    return {
      name:
        device.hubPorts === undefined
          ? printable(known?.hostDevice?.name ?? device.product ?? device.driver)
          : `${hubName(device.hubPorts)}${automatic(device)}`,
      about: known?.hostDevice === undefined ? undefined : `from ${known.hostDevice.port}`,
      trouble,
      state: trouble === undefined ? 'there' : known?.state === 'slower' ? 'slower' : 'away',
      id: idOf(device),
    };
  };
}

function troubleOf({ state, native }: DeviceState): string | undefined {
  switch (state) {
    case 'slower':
      return native === undefined ? 'slower' : slowerThan(megabits(native));
    case 'stale':
      return 'stale: gone from this host';
    case 'detached':
      return 'not attached';
    case 'attached':
    case 'emulated':
      return undefined;
  }
}

/** A device that another qplug process is working on now. */
function busyWith(claim: Claim | undefined): string | undefined {
  return claim?.worker === undefined ? undefined : `${claim.state}, process ${claim.worker.pid} is working on it`;
}

function slowerThan(native: number): string {
  return `slower: it can do ${speedText(native)}`;
}

function hubName(ports: number): string {
  return `hub, ${ports} port${ports === 1 ? '' : 's'}`;
}

function automatic(device: AttachedDevice): string {
  return device.automatic ? ', inserted by QEMU itself' : '';
}

function idOf({ id }: AttachedDevice): string {
  return id === undefined || id === '' ? '(no id)' : printable(id);
}
