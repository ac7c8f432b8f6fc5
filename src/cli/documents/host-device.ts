import { formatId, formatLocation, type HostDevice, type HostInventory, shortestSelector } from '../../host/index.js';

/** A host device for programs. Strings are as the device wrote them: JSON escapes what a terminal would obey. */
export function hostDeviceDocument(device: HostDevice, inventory: HostInventory): Record<string, unknown> {
  return {
    ...hostDeviceSummary(device),
    selector: shortestSelector(device, inventory),
    peer: device.peer ?? null,
    class: device.class,
    classes: device.classes,
    interfaces: device.interfaces.map(({ name, number, class: code, driver }) => ({
      name,
      number,
      class: code,
      driver: driver ?? null,
    })),
    configurations: device.configurations,
    access: device.access,
  };
}

/** Who and where, without its descriptors. */
export function hostDeviceSummary(device: HostDevice): Record<string, unknown> {
  return {
    port: device.port,
    location: formatLocation(device),
    bus: device.bus,
    address: device.address,
    id: formatId(device.vendorId, device.productId),
    serial: device.serial ?? null,
    manufacturer: device.manufacturer ?? null,
    product: device.product ?? null,
    name: device.name,
    megabits: device.megabits ?? null,
    node: device.node,
  };
}
