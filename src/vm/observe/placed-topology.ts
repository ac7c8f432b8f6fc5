import { type Controller, readPciPaths, type Topology } from '../../qdev/index.js';
import type { QmpConnection } from '../../qmp/index.js';
import type { SavedDevice, UsbTree } from '../../registry/index.js';
import { converse, readTopology } from './read-topology.js';

/** A VM's USB tree with what a saved state finds it by. */
export interface PlacedTopology {
  readonly topology: Topology;
  /** `pcie.0/1c.0/0.0` by bus; none for a controller that sits on no PCI bus. */
  readonly addresses: ReadonlyMap<string, string>;
}

/** Reads a VM's USB world, and where its controllers are. @throws QmpError */
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
 * @param without - ids of devices that will have left when the state is saved
 * @returns the tree as it is kept with a saved state. A device whose port QEMU does not tell is left out: nobody could put it back.
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
