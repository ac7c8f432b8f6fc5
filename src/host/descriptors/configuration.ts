import type { EndpointCompanion, HostAltSetting, HostConfiguration, HostEndpoint } from '../usb-device.js';
import type { DescriptorFaults } from './descriptor-faults.js';
import {
  CONFIGURATION,
  DEVICE,
  ENDPOINT,
  INTERFACE,
  type RawDescriptor,
  SUPERSPEED_COMPANION,
  SUPERSPEEDPLUS_ISO_COMPANION,
  u16,
  u32,
} from './descriptor-types.js';
import { type Extent, walk } from './descriptor-walk.js';

const TRANSFER_TYPES = ['control', 'isochronous', 'bulk', 'interrupt'] as const;

type Growing<T> = { -readonly [K in keyof T]: T[K] };
type GrowingEndpoint = Growing<HostEndpoint>;
interface GrowingAltSetting extends Growing<Omit<HostAltSetting, 'endpoints'>> {
  readonly endpoints: GrowingEndpoint[];
  readonly toldEndpoints: number;
  readonly offset: number;
}

/**
 * Decodes one configuration. Alternate settings with the same interface number are collected in the order of the file, as libusb does.
 * Class-specific descriptors are skipped.
 */
export function decodeConfiguration(bytes: Uint8Array, extent: Extent, faults: DescriptorFaults): HostConfiguration {
  const interfaces = new Map<number, GrowingAltSetting[]>();
  let setting: GrowingAltSetting | undefined;
  let endpoint: GrowingEndpoint | undefined;
  for (const found of walk(bytes, extent.start, extent.end, faults)) {
    switch (found.type) {
      case INTERFACE:
        setting = readAltSetting(bytes, found);
        endpoint = undefined;
        addSetting(interfaces, bytes[found.offset + 2] ?? 0, setting, faults);
        break;
      case ENDPOINT:
        endpoint = readEndpoint(bytes, found);
        if (setting === undefined) faults.add('unexpected', found.offset, undefined, found.type);
        else setting.endpoints.push(endpoint);
        break;
      case SUPERSPEED_COMPANION:
      case SUPERSPEEDPLUS_ISO_COMPANION:
        if (endpoint === undefined) faults.add('unexpected', found.offset, undefined, found.type);
        else addCompanion(endpoint, bytes, found);
        break;
      case DEVICE:
      case CONFIGURATION:
        if (found.offset !== extent.start) faults.add('unexpected', found.offset, undefined, found.type);
        break;
    }
  }
  checkCounts(bytes[extent.start + 4] ?? 0, extent.start, interfaces, faults);
  return {
    value: bytes[extent.start + 5] ?? 0,
    interfaces: [...interfaces].map(([number, settings]) => ({ number, altSettings: settings.map(finished) })),
  };
}

function readAltSetting(bytes: Uint8Array, { offset }: RawDescriptor): GrowingAltSetting {
  return {
    number: bytes[offset + 3] ?? 0,
    class: bytes[offset + 5] ?? 0,
    subclass: bytes[offset + 6] ?? 0,
    protocol: bytes[offset + 7] ?? 0,
    endpoints: [],
    toldEndpoints: bytes[offset + 4] ?? 0,
    offset,
  };
}

function readEndpoint(bytes: Uint8Array, { offset }: RawDescriptor): GrowingEndpoint {
  return {
    address: bytes[offset + 2] ?? 0,
    type: TRANSFER_TYPES[(bytes[offset + 3] ?? 0) & 3] ?? 'control',
    maxPacketSize: u16(bytes, offset + 4),
    streams: 0,
  };
}

/** The first companion follows its endpoint, and the second follows the first (USB 3.2, 9.6.7 and 9.6.8). */
function addCompanion(endpoint: GrowingEndpoint, bytes: Uint8Array, { type, offset }: RawDescriptor): void {
  const before: EndpointCompanion = endpoint.companion ?? { maxBurst: 0, attributes: 0, bytesPerInterval: 0 };
  if (type === SUPERSPEEDPLUS_ISO_COMPANION) {
    endpoint.companion = { ...before, bytesPerInterval: u32(bytes, offset + 4) };
    return;
  }
  const attributes = bytes[offset + 3] ?? 0;
  endpoint.companion = { maxBurst: bytes[offset + 2] ?? 0, attributes, bytesPerInterval: u16(bytes, offset + 4) };
  endpoint.streams = endpoint.type === 'bulk' ? attributes & 0x1f : 0;
}

function addSetting(
  interfaces: Map<number, GrowingAltSetting[]>,
  number: number,
  setting: GrowingAltSetting,
  faults: DescriptorFaults,
): void {
  const settings = interfaces.get(number) ?? [];
  const twice = settings.length > 0 && settings.some((one) => one.number === setting.number);
  if (twice) faults.add('alternate-setting-twice', setting.offset, number, setting.number);
  settings.push(setting);
  interfaces.set(number, settings);
}

function checkCounts(
  told: number,
  offset: number,
  interfaces: ReadonlyMap<number, readonly GrowingAltSetting[]>,
  faults: DescriptorFaults,
): void {
  if (interfaces.size !== told) faults.add('interface-count', offset, told, interfaces.size);
  for (const setting of [...interfaces.values()].flat()) {
    const seen = setting.endpoints.length;
    if (seen !== setting.toldEndpoints) faults.add('endpoint-count', setting.offset, setting.toldEndpoints, seen);
  }
}

function finished(setting: GrowingAltSetting): HostAltSetting {
  const { number, class: classCode, subclass, protocol, endpoints } = setting;
  return { number, class: classCode, subclass, protocol, endpoints };
}
