import { controllerModel } from '../models/index.js';
import { portDepth } from '../port-path.js';
import type { Controller, Topology } from '../topology.js';
import type { QemuVersion } from '../version.js';
import { readControllers, type SeenController } from './controllers-seen.js';
import { idOf, type QomDevice, readDevices } from './devices-seen.js';
import { compareNames, readHotplug } from './hotplug.js';
import { within } from './limits.js';
import { allPlaced, type PlaceSeen, placeDevices } from './place.js';
import { type QomNode, walkQom } from './qom-walk.js';
import { childType, okOf, type Reading } from './query.js';
import { bounded, monitorCommand, readUsbLines, unixLines } from './usb-lines.js';

const BUS_TYPES = ['usb-bus', 'PCI', 'PCIE'];

/**
 * Reads the USB world of a running VM: real ports, speeds, devices that others plugged or that have no id, hubs that QEMU inserted.
 * It does no I/O: it yields about six batches of commands. The caller sends each batch and hands back the replies in the same
 * order. A device that vanishes between two questions is left out, and a value that QEMU does not report is undefined. The work grows
 * no faster than the amount that QEMU reports, and ends at the limits of observe/limits.ts.
 *
 * @param version - from QEMU's greeting
 * @throws QplugError `qemu-tree-too-large` · `qmp-wrong-reply` for a property that is not of its type
 */
export function* observeTopology(version: QemuVersion): Reading<Topology> {
  const nodes = yield* walkQom();
  const buses = new Map<string, number>();
  for (const { type, name } of nodes) if (BUS_TYPES.includes(type)) buses.set(name, (buses.get(name) ?? 0) + 1);
  // Two buses may have the same name (an id `usb-bus`, a root port without id); then `bus=` is ambiguous.
  const isUnique = (name: string): boolean => buses.get(name) === 1;
  const seen = (yield* readControllers(nodes)).sort(byName);
  const hotplug = yield* readHotplug(nodes, isUnique);
  const devices = yield* readDevices(seen.map(({ bus }) => bus));
  const placed = yield* readPlaces(seen, devices);
  const controllers = seen.map((one, i) =>
    controllerOf(one, devices[i] ?? [], placed[i] ?? [], isUnique(one.bus.name)),
  );
  limitPorts(controllers);
  return {
    version,
    controllers,
    hotplug,
    ids: new Set(idsOf(nodes)),
  };
}

/** The code that walks the ports of a topology does work in proportion to their number, so that number has a limit. */
function limitPorts(controllers: readonly Controller[]): void {
  let ports = 0;
  for (const controller of controllers) {
    ports += controller.ports.length;
    for (const { hubPorts = 0, port } of controller.devices) {
      ports += hubPorts;
      if (port !== undefined) within('port-levels', portDepth(port));
    }
  }
  within('ports', ports);
}

/** Controllers of the board first, then by name. QOM does not show the order of creation. */
function byName(a: SeenController, b: SeenController): number {
  const rank = (one: SeenController): number => (idOf(one.node.path) === undefined ? 0 : 1);
  return rank(a) - rank(b) || compareNames(a.bus.name, b.bus.name) || compareNames(a.bus.path, b.bus.path);
}

function* idsOf(nodes: readonly QomNode[]): Generator<string> {
  const peripheral = nodes.find((node) => node.path === '/machine/peripheral');
  for (const property of peripheral?.properties ?? []) if (childType(property) !== undefined) yield property.name;
}

/** Reads ports and speeds from `info usb`; where that leaves a device open, also from `info qtree`, a long text for people. */
function* readPlaces(
  seen: readonly SeenController[],
  devices: readonly (readonly QomDevice[])[],
): Reading<PlaceSeen[][]> {
  const buses = seen.map((one, i) => ({ bus: one.bus.name, devices: devices[i] ?? [] }));
  if (buses.every((bus) => bus.devices.length === 0)) return buses.map(() => []);
  const lines = yield* readUsbLines();
  const placed = placeDevices(buses, lines, undefined);
  if (allPlaced(placed)) return placed;
  const [qtree] = yield [monitorCommand('info qtree')];
  const text = okOf(qtree);
  return typeof text === 'string' ? placeDevices(buses, lines, unixLines(bounded(text))) : placed;
}

function controllerOf(
  { bus, node, known, ports }: SeenController,
  devices: readonly QomDevice[],
  placed: readonly PlaceSeen[],
  unique: boolean,
): Controller {
  return {
    bus: bus.name,
    id: idOf(node.path),
    model: node.type,
    qomPath: node.path,
    ports,
    slots: controllerModel(node.type)?.slots,
    known: known && unique,
    devices: devices.map(({ requestedPort: _, ...device }, i) => ({
      ...device,
      port: placed[i]?.port,
      megabits: device.attached ? placed[i]?.megabits : undefined,
      guestAddress: device.attached ? placed[i]?.guestAddress : undefined,
      product: placed[i]?.product,
    })),
  };
}
