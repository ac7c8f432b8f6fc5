import { guardWords } from '../../diag/index.js';
import {
  formatController,
  formatId,
  formatLocation,
  type GuardsByPort,
  type HostAltSetting,
  type HostConfiguration,
  type HostDevice,
  type HostInventory,
  isRootHub,
  shortestSelector,
} from '../../host/index.js';

/**
 * For programs: a host device. Strings stay as the device wrote them, since JSON escapes control characters.
 *
 * @param guards - why this host needs its devices; undefined where that is not known
 */
export function hostDeviceDocument(
  device: HostDevice,
  inventory: HostInventory,
  guards?: GuardsByPort,
): Record<string, unknown> {
  return {
    ...hostDeviceSummary(device),
    selector: shortestSelector(device, inventory),
    ...innerDocument(device),
    access: device.access,
    ...guardsDocument(device, guards),
  };
}

/** A hub or root hub. It cannot be passed to a VM, so it has no selector. */
export function hubDocument(hub: HostDevice, guards?: GuardsByPort): Record<string, unknown> {
  return { ...hostDeviceSummary(hub), ...innerDocument(hub), ...guardsDocument(hub, guards) };
}

function guardsDocument({ port }: HostDevice, guards: GuardsByPort | undefined): Record<string, unknown> {
  if (guards === undefined) return {};
  return {
    guards: (guards.get(port) ?? []).map((guard) => {
      const { kind, ...evidence } = guard;
      const { subject, breaks } = guardWords(guard);
      return { kind, subject, breaks, evidence };
    }),
  };
}

function innerDocument(device: HostDevice): Record<string, unknown> {
  return {
    peer: device.peer ?? null,
    class: device.class,
    classes: device.classes,
    interfaces: device.interfaces.map(({ name, number, class: code, driver }) => ({
      name,
      number,
      class: code,
      driver: driver ?? null,
    })),
    configurations: device.configurations.map(configurationDocument),
    ...(device.partial === true ? { partial: true } : {}),
  };
}

function configurationDocument({ value, interfaces }: HostConfiguration): Record<string, unknown> {
  return {
    value,
    interfaces: interfaces.map(({ number, altSettings, partial }) => ({
      number,
      altSettings: altSettings.map(settingDocument),
      ...(partial === true ? { partial } : {}),
    })),
  };
}

function settingDocument(setting: HostAltSetting): Record<string, unknown> {
  return {
    ...setting,
    endpoints: setting.endpoints.map((endpoint) => ({ ...endpoint, streams: endpoint.streams ?? null })),
  };
}

/** The location of a root hub has no port after the controller. */
function locationOf(device: HostDevice): string | null {
  const controller = formatController(device.controller);
  if (isRootHub(device) && controller !== undefined) return `${controller}/`;
  return formatLocation(device) ?? null;
}

/** A device's identity and place, without its descriptors. */
export function hostDeviceSummary(device: HostDevice): Record<string, unknown> {
  return {
    port: device.port,
    location: locationOf(device),
    bus: device.bus,
    address: device.address,
    id: formatId(device.vendorId, device.productId),
    serial: device.serial ?? null,
    manufacturer: device.manufacturer ?? null,
    product: device.product ?? null,
    name: device.name,
    megabits: device.megabits ?? null,
    ...(device.speedIs === undefined ? {} : { speedIs: device.speedIs }),
    node: device.node,
  };
}
