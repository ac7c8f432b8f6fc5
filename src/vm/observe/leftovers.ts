import { matchDevice, type Standing } from '../../access/index.js';
import { isAlive } from '../../base/index.js';
import { connectorName, type HostDevice, type HostInventory } from '../../host/index.js';
import type { Topology } from '../../qdev/index.js';
import type { Claim } from '../../registry/index.js';

/** An object that qplug plugged into a VM, and that stands for a device that is gone from its connector. */
export interface Leftover {
  readonly standing: Standing;
  /** The claim by which it is known to be the VM's, and of that connector. */
  readonly claim: Claim;
}

/**
 * Finds what stands in the way of a device that changed its mode: a modem, phone or board that came back as another device at the same
 * connector. Its old object holds a port, and never comes back. Only a claim of this VM makes an object one of those: anybody can give
 * an id that looks like ours.
 *
 * @param claims - those of this VM
 * @returns the objects whose device was plugged into the connector that `host` is plugged into now, and is gone
 */
export function leftoversOf(
  topology: Topology,
  host: HostDevice,
  claims: readonly Claim[],
  inventory: HostInventory,
): Leftover[] {
  const connector = connectorName(host, inventory);
  const here = claims.filter(
    ({ key, worker }) => key.connector === connector && (worker === undefined || !isAlive(worker)),
  );
  return topology.controllers.flatMap(({ bus, devices }) =>
    devices.flatMap((device): Leftover[] => {
      const claim = device.driver === 'usb-host' ? here.find((one) => one.device === device.id) : undefined;
      if (claim === undefined || matchDevice(device, inventory, [claim]).is !== 'gone') return [];
      return [{ standing: { state: 'stale', bus, device }, claim }];
    }),
  );
}
