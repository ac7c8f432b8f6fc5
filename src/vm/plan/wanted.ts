import { wishFor } from '../../access/index.js';
import type { VmFile } from '../../config/index.js';
import { type Finding, finding, type GuardKind } from '../../diag/index.js';
import { type HostDevice, type HostInventory, labelOf } from '../../host/index.js';
import type { DeviceRequest } from '../../planner/index.js';
import {
  DEFAULT_HUB_PORTS,
  type DeviceSpec,
  deviceId,
  emulatedDevice,
  emulatedMask,
  hostDeviceSpeeds,
  type PropertyValue,
  type QemuVersion,
  uniqueId,
  usbHost,
} from '../../qdev/index.js';

/** On which terms a device is wanted. */
export interface Terms {
  readonly mandatory: boolean;
  readonly slower: 'refuse' | 'allow';
  readonly controller?: string | undefined;
  readonly port?: string | undefined;
}

/** A device that is to have a port: what the planner must know of it, and how QEMU is asked for it once it has one. */
export interface Wanted {
  readonly id: string;
  /** For people, printable. */
  readonly label: string;
  readonly request: DeviceRequest;
  readonly host: HostDevice | undefined;
  /** The selector of the VM's file that meant it. */
  readonly select?: string | undefined;
  /** Guards that speak against it, and were taken away by somebody who knows better. */
  readonly guardOff?: readonly GuardKind[] | undefined;
  spell(bus: string, port: string): DeviceSpec;
}

/**
 * @param taken - ids in use in the VM
 * @returns a host device as it is wanted, or the finding that QEMU can't pass it through at its speed, or that nobody knows that
 */
export function wantHostDevice(
  device: HostDevice,
  version: QemuVersion,
  taken: ReadonlySet<string>,
  terms: Terms,
): Wanted | Finding {
  const label = labelOf(device);
  const speeds = hostDeviceSpeeds(device, version);
  if ('unsupported' in speeds) {
    const untold = device.findings.find(({ code }) => code === 'device-speed-untold');
    if (speeds.unsupported === 'speed-untold' && untold !== undefined) return untold;
    return finding(
      'unplanned-speed',
      { label, megabits: device.megabits ?? 0 },
      { severity: terms.mandatory ? 'error' : 'warning' },
    );
  }
  const id = uniqueId(deviceId(device), taken);
  return {
    id,
    label,
    host: device,
    request: requestOf(id, 'usb-host', label, speeds, terms),
    spell: (bus, port) => usbHost({ id, bus, port, hostbus: device.bus, hostaddr: device.address }),
  };
}

/** @returns an emulated device as it is wanted, or undefined when there is no such model */
export function wantEmulatedDevice(
  model: string,
  id: string,
  properties: Readonly<Record<string, PropertyValue>>,
  terms: Terms,
): Wanted | undefined {
  const speeds = emulatedMask(model, properties);
  if (speeds === undefined) return undefined;
  const label = id === model ? model : `${id} (${model})`;
  const request = requestOf(id, model, label, speeds, terms);
  const ports = Number(properties['ports'] ?? DEFAULT_HUB_PORTS);
  return {
    id,
    label,
    host: undefined,
    request: model === 'usb-hub' ? { ...request, hubPorts: ports } : request,
    spell: (bus, port) => emulatedDevice({ driver: model, id, bus, port, properties }),
  };
}

function requestOf(
  id: string,
  driver: string,
  label: string,
  speeds: Pick<DeviceRequest, 'mask' | 'native'>,
  { mandatory, slower, controller, port }: Terms,
): DeviceRequest {
  const pin = controller === undefined && port === undefined ? undefined : { controller, port };
  const { mask, native } = speeds;
  return { key: id, id, driver, label, mask, native, mandatory, slower, pin };
}

/** What was typed of a device's place; the rest its file may say. */
export interface Typed {
  readonly controller?: string | undefined;
  readonly port?: string | undefined;
  readonly slower?: 'refuse' | 'allow' | undefined;
}

export function typedTerms({ slower, controller, port }: Typed): Terms {
  return { mandatory: true, slower: slower ?? 'refuse', controller, port };
}

/** What was typed counts first; then what the VM's file says of the device, so that it lands where it would at the next start. */
export function termsFor(device: HostDevice, typed: Typed, file: VmFile | undefined, inventory: HostInventory): Terms {
  const terms = typedTerms(typed);
  const wish = wishFor(device, file, inventory);
  if (wish === undefined) return terms;
  const pinned = terms.controller !== undefined || terms.port !== undefined;
  return {
    ...terms,
    slower: typed.slower ?? wish.slower,
    ...(pinned ? {} : { controller: wish.controller, port: wish.port }),
  };
}
