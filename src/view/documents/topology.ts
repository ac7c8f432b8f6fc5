import {
  type AttachedDevice,
  type Controller,
  formatVersion,
  freePorts,
  megabits,
  speedsIn,
  type Topology,
} from '../../qdev/index.js';

/** For programs: the USB controllers, hubs and devices of a VM. `more` adds what its command knows of each device. */
export function topologyDocument(
  topology: Topology,
  more: (device: AttachedDevice, controller: Controller) => Record<string, unknown> = () => ({}),
): Record<string, unknown> {
  return {
    version: formatVersion(topology.version),
    controllers: topology.controllers.map((controller) => ({
      bus: controller.bus,
      id: controller.id ?? null,
      model: controller.model,
      known: controller.known,
      ports: controller.ports.map(({ port, mask }) => ({ port: String(port), speeds: speedsIn(mask).map(megabits) })),
      free: freePorts(controller).map(({ port }) => port),
      devices: controller.devices.map((device) => ({
        id: device.id ?? null,
        path: device.qomPath ?? null,
        driver: device.driver,
        port: device.port ?? null,
        attached: device.attached,
        megabits: device.megabits ?? null,
        hubPorts: device.hubPorts ?? null,
        automatic: device.automatic,
        product: device.product ?? null,
        ...more(device, controller),
      })),
    })),
    hotplug: topology.hotplug,
  };
}
