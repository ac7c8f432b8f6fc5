import { type Companion, controllerModel, type PortProperties, rootPorts, withCompanions } from '../models/index.js';
import type { RootPort } from '../topology.js';
import { within } from './limits.js';
import type { QomNode } from './qom-walk.js';
import { getAll, numberOf, portCountOf, type Reading, textOf, type Values } from './query.js';

/** A controller with its bus in QEMU's tree. */
export interface SeenController {
  /** The node of the bus; its properties list the devices. */
  readonly bus: QomNode;
  readonly node: QomNode;
  readonly known: boolean;
  readonly ports: readonly RootPort[];
}

/** @returns the properties that decide a controller's ports */
function portProperties(model: string): readonly string[] {
  const facts = controllerModel(model);
  if (facts === undefined) return [];
  const own = facts.ports.rule === 'xhci' ? ['p2', 'p3'] : facts.ports.rule === 'ohci' ? ['num-ports'] : [];
  return facts.canBeCompanion ? [...own, 'masterbus', 'firstport'] : own;
}

/**
 * Finds every USB bus with its controller, and folds companions, which have no bus, into the ports of their EHCI.
 *
 * @returns one entry for each USB bus, in the order of `nodes`
 */
export function* readControllers(nodes: readonly QomNode[]): Reading<SeenController[]> {
  const devices = nodes.filter(
    (node) => controllerModel(node.type) !== undefined && node.parent !== undefined && node.properties.length > 0,
  );
  const replies = yield* getAll(devices.map(({ path, type }) => ({ path, properties: portProperties(type) })));
  const values = new Map(devices.map((node, i) => [node.path, replies[i] ?? none(node.path)]));
  const companions = new Map<string, Companion[]>();
  for (const { path, type } of devices) {
    const own = values.get(path) ?? none(path);
    const master = textOf(own, 'masterbus');
    const model = controllerModel(type);
    if (master === undefined || model === undefined) continue;
    const companion = { firstport: numberOf(own, 'firstport') ?? 0, count: rootPorts(model, portValues(own)).length };
    const others = companions.get(master);
    if (others === undefined) companions.set(master, [companion]);
    else others.push(companion);
  }
  const buses = nodes.filter((node) => node.type === 'usb-bus' && node.parent !== undefined);
  within('controllers', buses.length);
  return buses.flatMap((bus): SeenController[] => {
    const node = bus.parent;
    if (node === undefined) return [];
    const facts = controllerModel(node.type);
    if (facts === undefined) return [{ bus, node, known: false, ports: [] }];
    const ports = rootPorts(facts, portValues(values.get(node.path) ?? none(node.path)));
    return [{ bus, node, known: true, ports: withCompanions(ports, companions.get(bus.name) ?? []) }];
  });
}

function none(path: string): Values {
  return { path, replies: new Map() };
}

function portValues(values: Values): PortProperties {
  return {
    p2: portCountOf(values, 'p2'),
    p3: portCountOf(values, 'p3'),
    numPorts: portCountOf(values, 'num-ports'),
  };
}
