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

/** Constraints on a device's port: is the device required, is a slower port allowed, is a controller or port pinned. */
export interface Terms {
  readonly mandatory: boolean;
  readonly slower: 'refuse' | 'allow';
  readonly controller?: string | undefined;
  readonly port?: string | undefined;
}

/** A device that needs a port: the planner's request for it, and the `device_add` arguments once the port is known. */
export interface Wanted {
  readonly id: string;
  /** For messages; printable. */
  readonly label: string;
  readonly request: DeviceRequest;
  readonly hostDevice: HostDevice | undefined;
  /** The selector of the VM's file that matches it. */
  readonly select?: string | undefined;
  /** Guards against it that the user switched off. */
  readonly guardOff?: readonly GuardKind[] | undefined;
  spell(bus: string, port: string): DeviceSpec;
}

/**
 * @param taken - ids in use in the VM
 * @returns the wanted host device, or the finding that QEMU can't pass it through at its speed, or that its speed is unknown
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
    hostDevice: device,
    request: requestOf(id, 'usb-host', label, speeds, terms),
    spell: (bus, port) => usbHost({ id, bus, port, hostbus: device.bus, hostaddr: device.address }),
  };
}

/** @returns the wanted emulated device, or undefined if there is no such model */
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
    hostDevice: undefined,
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

/** The constraints given on the command line. */
export interface Typed {
  readonly controller?: string | undefined;
  readonly port?: string | undefined;
  readonly slower?: 'refuse' | 'allow' | undefined;
}

export function typedTerms({ slower, controller, port }: Typed): Terms {
  return { mandatory: true, slower: slower ?? 'refuse', controller, port };
}

/** The command line's constraints win; the VM's file gives the others, so that the device gets the same port as at the next start. */
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
