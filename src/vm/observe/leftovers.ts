import { matchDevice, type Standing } from '../../access/index.js';
import { isAlive } from '../../base/index.js';
import { connectorName, type HostDevice, type HostInventory } from '../../host/index.js';
import type { Topology } from '../../qdev/index.js';
import type { Claim } from '../../registry/index.js';

/** An object of qplug's in a VM whose device is gone from its connector. */
export interface Leftover {
  readonly standing: Standing;
  /** The claim that identifies the object's VM and connector. */
  readonly claim: Claim;
}

/**
 * Finds the old object of a device that changed its mode: a modem, phone or board that came back as another device at the same connector.
 * The old object holds a port and never works again. Only a claim of this VM proves it: any program can choose an id that looks like
 * qplug's.
 *
 * @param claims - this VM's claims
 * @returns the objects whose device was at the present connector of `hostDevice`, and is gone
 */
export function leftoversOf(
  topology: Topology,
  hostDevice: HostDevice,
  claims: readonly Claim[],
  inventory: HostInventory,
): Leftover[] {
  const connector = connectorName(hostDevice, inventory);
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
