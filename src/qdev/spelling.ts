import type { ControllerSpec, DeviceSpec } from './device-spec.js';
import type { QemuVersion } from './version.js';
import { hasFact } from './version-facts.js';

/** A property's value in QEMU's types. QEMU answers "expects uint64" when a number comes as a string. */
export type PropertyValue = string | number | boolean;

/**
 * @returns the arguments of `device_add`, typed as QEMU's properties are (it takes no other types from 9.2 on)
 */
export function deviceAddArguments(spec: DeviceSpec): Record<string, PropertyValue> & { driver: string } {
  return { driver: spec.driver, id: spec.id, ...spec.properties };
}

/**
 * Whether qplug spells `-device` as JSON. QEMU takes JSON since 6.2, but devices made so unplug cleanly only from 7.0 on (feature
 * json-cli-hotplug). The answer holds for a whole command line: QEMU creates all key=value devices before all JSON ones, so a mix of
 * devices that depend on each other fails (softmmu/vl.c).
 *
 * @param deviceAdd - the features of `device_add`, where qplug asked this QEMU for them
 */
export function spellsDevicesAsJson(version: QemuVersion, deviceAdd?: ReadonlySet<string>): boolean {
  return deviceAdd?.has('json-cli-hotplug') ?? hasFact(version, 'json-devices');
}

/** @returns the value of one `-device` option for this version, to be passed as one word of an argv */
export function deviceOption(spec: DeviceSpec, version: QemuVersion, deviceAdd?: ReadonlySet<string>): string {
  if (spellsDevicesAsJson(version, deviceAdd)) return JSON.stringify(deviceAddArguments(spec));
  const { driver, ...rest } = deviceAddArguments(spec);
  return [String(driver), ...Object.entries(rest).map(([key, value]) => `${key}=${keyValue(value)}`)]
    .map((part, i) => (i === 0 ? doubleCommas(part) : part))
    .join(',');
}

/** Key=value options know one escape: a comma is written twice (util/keyval.c, qemu-option.c). */
function doubleCommas(text: string): string {
  return text.replaceAll(',', ',,');
}

function keyValue(value: PropertyValue): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return doubleCommas(String(value));
}

/** @returns the properties that are not undefined */
function defined(properties: Readonly<Record<string, PropertyValue | undefined>>): Record<string, PropertyValue> {
  return Object.fromEntries(
    Object.entries(properties).filter((entry): entry is [string, PropertyValue] => entry[1] !== undefined),
  );
}

/** A place on a USB bus. qplug always gives bus and port, so that QEMU chooses nothing and inserts no hub of its own (hw/usb/bus.c). */
export interface UsbPlace {
  readonly id: string;
  readonly bus: string;
  readonly port: string;
}

/**
 * One exact host device. Bus and address alone make QEMU open it at once and report failure; any other selector makes it scan.
 *
 * @param device.hostaddr - 1–127
 */
export function usbHost(device: UsbPlace & { readonly hostbus: number; readonly hostaddr: number }): DeviceSpec {
  const { id, bus, port, hostbus, hostaddr } = device;
  return { driver: 'usb-host', id, properties: { bus, port, hostbus, hostaddr } };
}

/** @returns the node of a usb-host with bus and address: `/dev/bus/usb/001/005`; undefined for any other device */
export function usbHostNode({ driver, properties: { hostbus, hostaddr } }: DeviceSpec): string | undefined {
  if (driver !== 'usb-host' || typeof hostbus !== 'number' || typeof hostaddr !== 'number') return undefined;
  const three = (value: number): string => String(value).padStart(3, '0');
  return `/dev/bus/usb/${three(hostbus)}/${three(hostaddr)}`;
}

/**
 * The same device by its node, which QEMU opens itself (`hostdevice`, since 5.1; QEMU prefers it to all other selectors).
 *
 * @returns undefined for any device that is not a usb-host with bus and address
 */
export function usbHostByNode(spec: DeviceSpec): DeviceSpec | undefined {
  const node = usbHostNode(spec);
  if (node === undefined) return undefined;
  const { hostbus: _bus, hostaddr: _address, ...others } = spec.properties;
  return { driver: spec.driver, id: spec.id, properties: { ...others, hostdevice: node } };
}

/** @param hub.ports - 1–8 */
export function usbHub(hub: UsbPlace & { readonly ports: number }): DeviceSpec {
  const { id, bus, port, ports } = hub;
  return { driver: 'usb-hub', id, properties: { bus, port, ports } };
}

/** An emulated device; `properties` cannot move it to another bus or port. */
export function emulatedDevice(
  device: UsbPlace & {
    readonly driver: string;
    readonly properties?: Readonly<Record<string, PropertyValue>> | undefined;
  },
): DeviceSpec {
  const { driver, id, bus, port, properties } = device;
  return { driver, id, properties: { ...properties, bus, port } };
}

/** A controller. Its `addr` is a string, which every version takes. A number would be slot * 8 + function: 10 would be slot 1.2. */
export function controllerDevice(spec: ControllerSpec): DeviceSpec {
  return {
    driver: spec.model,
    id: spec.id,
    properties: defined({
      bus: spec.pciBus,
      addr: spec.address,
      multifunction: spec.multifunction,
      p2: spec.p2,
      p3: spec.p3,
      'num-ports': spec.numPorts,
      masterbus: spec.masterbus,
      firstport: spec.firstport,
    }),
  };
}

/** A PCIe root port: one slot for hot plug on q35 and arm virt. */
export interface RootPortPlace {
  readonly id: string;
  /** Chassis and slot together must be unique in a VM. */
  readonly chassis: number;
  readonly slot: number;
  /** In the form `1c.0`. */
  readonly address: string;
  /** The root bus: `pcie.0`. */
  readonly bus: string;
  /** True on function 0 where several root ports share a PCI slot. */
  readonly multifunction?: boolean | undefined;
}

export function pcieRootPort({ id, chassis, slot, address, bus, multifunction }: RootPortPlace): DeviceSpec {
  return {
    driver: 'pcie-root-port',
    id,
    properties: defined({ bus, addr: address, multifunction, chassis, slot }),
  };
}
