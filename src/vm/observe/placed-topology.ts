import { type Controller, readPciPaths, type Topology } from '../../qdev/index.js';
import type { QmpConnection } from '../../qmp/index.js';
import type { SavedDevice, UsbTree } from '../../registry/index.js';
import { converse, readTopology } from './read-topology.js';

/** A VM's USB tree with the PCI addresses by which a saved state finds its controllers. */
export interface PlacedTopology {
  readonly topology: Topology;
  /** `pcie.0/1c.0/0.0` by bus; none for a controller outside PCI. */
  readonly addresses: ReadonlyMap<string, string>;
}

/** Reads a VM's USB tree, and the PCI addresses of its controllers. @throws QmpError */
export async function readPlacedTopology(qmp: QmpConnection, signal: AbortSignal): Promise<PlacedTopology> {
  const topology = await readTopology(qmp, signal);
  const known = topology.controllers.filter(
    (one): one is Controller & { qomPath: string } => one.qomPath !== undefined,
  );
  const paths = await converse(qmp, readPciPaths(known.map(({ qomPath }) => qomPath)), signal);
  const addresses = new Map<string, string>();
  known.forEach(({ bus }, i) => {
    const path = paths[i];
    if (path !== undefined) addresses.set(bus, path);
  });
  return { topology, addresses };
}

/**
 * @param without - ids of devices that leave before the state is saved
 * @returns the tree to record with a saved state. Omits a device of unknown port: qplug could not plug it in again.
 */
export function treeOf({ topology, addresses }: PlacedTopology, without: ReadonlySet<string>): UsbTree {
  return {
    controllers: topology.controllers.map(({ bus, id, model, ports, devices }) => ({
      bus,
      id: id ?? null,
      model,
      address: addresses.get(bus) ?? null,
      ports: ports.map(({ port, mask }) => ({ port, mask })),
      devices: devices.flatMap((device): SavedDevice[] => {
        const { id, driver, port, hubPorts, megabits } = device;
        if (port === undefined || (id !== undefined && without.has(id))) return [];
        return [{ id: id ?? null, driver, port, hubPorts: hubPorts ?? null, megabits: megabits ?? null }];
      }),
    })),
  };
}
