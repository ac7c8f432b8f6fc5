import { type Finding, finding } from '../../diag/index.js';
import {
  type DeviceShape,
  hostDeviceSpeeds,
  type QemuVersion,
  type SpeedIs,
  type SpeedMask,
} from '../../qdev/index.js';
import {
  comparePorts,
  deviceName,
  formatAddress,
  formatId,
  formatPort,
  UNKNOWN_CONTROLLER,
  type UsbIds,
} from '../names/index.js';
import type { BoundInterface, HostConfiguration, HostDevice } from '../usb-device.js';
import type { TextLine } from './text-line.js';

const HUB_CLASS = 0x09;

/** One device as a file describes it. A field is undefined if the file does not contain it. */
export interface DescribedDevice {
  /** The line with which the device begins. */
  readonly line: TextLine;
  readonly bus: number;
  readonly address: number;
  /** Empty for a root hub. */
  readonly chain: readonly number[] | undefined;
  readonly controller: string | undefined;
  readonly vendorId: number;
  readonly productId: number;
  readonly manufacturer: string | undefined;
  readonly product: string | undefined;
  readonly serial: string | undefined;
  readonly class: number;
  readonly megabits: number | undefined;
  readonly speedIs: SpeedIs | undefined;
  readonly configurations: readonly HostConfiguration[];
  /**
   * The interfaces of the active configuration, by number and class; `hostDeviceOf` makes their names. Undefined where the file has no
   * drivers.
   */
  readonly bound: readonly Omit<BoundInterface, 'name'>[] | undefined;
  /** Which configuration is active; by default the first. */
  readonly active: number | undefined;
  readonly partial: boolean;
  readonly findings: readonly Finding[];
}

/** @returns the device as sysfs would show it, with a note on what the file leaves open */
export function hostDeviceOf(device: DescribedDevice, ids: UsbIds): HostDevice {
  const { bus, address, chain, controller, class: deviceClass, configurations, bound, active, partial } = device;
  const { vendorId, productId, manufacturer, product, serial, megabits, speedIs, findings } = device;
  const port = chain === undefined ? formatAddress({ bus, address }) : formatPort({ bus, chain });
  const name = deviceName({ vendorId, productId, manufacturer, product }, ids);
  const current = configurations.find(({ value }) => value === active) ?? configurations[0];
  const classes = new Set([
    ...(bound?.map((one) => one.class) ?? classesOf(current)),
    ...(deviceClass === 0 ? [] : [deviceClass]),
  ]);
  const folder = chain?.length === 0 ? `${bus}-0` : port;
  const made: HostDevice = {
    port,
    bus,
    address,
    chain: chain ?? [],
    controller: controller ?? UNKNOWN_CONTROLLER,
    peer: undefined,
    vendorId,
    productId,
    manufacturer,
    product,
    serial,
    name,
    class: deviceClass,
    classes: [...classes].sort((a, b) => a - b),
    megabits,
    ...(speedIs === undefined ? {} : { speedIs }),
    configurations,
    ...(partial ? { partial } : {}),
    interfaces: (bound ?? []).map((one) => ({ name: `${folder}:${current?.value ?? 1}.${one.number}`, ...one })),
    node: `/dev/bus/usb/${threeDigits(bus)}/${threeDigits(address)}`,
    access: 'unknown',
    isHub: chain?.length === 0 || classes.has(HUB_CLASS),
    findings: [],
  };
  return { ...made, findings: [...findings, ...gapFindings(made)] };
}

function classesOf(configuration: HostConfiguration | undefined): readonly number[] {
  return configuration?.interfaces.map((one) => one.altSettings[0]?.class ?? 0) ?? [];
}

/**
 * @returns a device of a sysfs with the classes of its interfaces. Where the copy lacks the interfaces, the classes come from its
 *   descriptors
 */
export function withDescribedClasses(device: HostDevice): HostDevice {
  if (device.interfaces.length > 0) return device;
  const classes = new Set([...device.classes, ...classesOf(device.configurations[0])]);
  return { ...device, classes: [...classes].sort((a, b) => a - b), isHub: device.isHub || classes.has(HUB_CLASS) };
}

/** From this version on, QEMU lets SCSI disks fall back to lower speeds whatever their endpoints are (src/qdev/speeds/host-speeds.ts). */
const TOLERANT: QemuVersion = { major: 6, minor: 1, micro: 0 };

/** A note on unknown facts about a device, if they decide at which speeds QEMU would attach it. */
export function gapFindings(device: HostDevice): readonly Finding[] {
  const { port, vendorId, productId, name, configurations, isHub } = device;
  if (isHub) return [];
  const full = filled(device);
  const loses = (version: QemuVersion): boolean => maskOf(device, version) !== maskOf(full, version);
  const old = { ...TOLERANT, minor: 0 };
  const only = loses(TOLERANT) ? 'always' : loses(old) ? 'before-6.1' : undefined;
  if (only === undefined) return [];
  const settings = configurations.some((one) => one.interfaces.some(({ partial }) => partial === true));
  const gap = device.partial === true ? 'anything' : settings ? 'settings' : 'streams';
  const evidence = { device: port, id: formatId(vendorId, productId), name, gap, only } as const;
  return [finding('device-partly-told', evidence, { severity: 'note' })];
}

function maskOf(shape: DeviceShape, version: QemuVersion): SpeedMask {
  const speeds = hostDeviceSpeeds(shape, version);
  return 'mask' in speeds ? speeds.mask : 0;
}

/** @returns the device as it would be if nothing unknown limited its speeds */
function filled({ megabits, speedIs, configurations }: DeviceShape): DeviceShape {
  return {
    megabits,
    speedIs,
    configurations: configurations.map(({ interfaces }) => ({
      interfaces: interfaces.map(({ altSettings }) => ({
        altSettings: altSettings.map((one) => ({
          ...one,
          endpoints: one.endpoints.map((endpoint) => ({ ...endpoint, streams: endpoint.streams ?? 0 })),
        })),
      })),
    })),
  };
}

/** The order of an inventory: bus, then port chain. Devices with an unknown port are in the order of their numbers. */
export function inOrder(a: HostDevice, b: HostDevice): number {
  return comparePorts(a, b) || a.address - b.address;
}

function threeDigits(number: number): string {
  return String(number).padStart(3, '0');
}
