import { controllerModel, type PortProperties, rootPorts } from '../controller-facts.js';
import { type Companion, withCompanions } from '../controllers.js';
import type { RootPort } from '../topology.js';
import type { QomNode } from './qom-walk.js';
import { getAll, numberOf, type QueryReply, type Reading, textOf } from './query.js';

/** A controller with its bus in QEMU's tree. */
export interface SeenController {
  /** The node of the bus; its properties list the devices. */
  readonly bus: QomNode;
  readonly node: QomNode;
  readonly known: boolean;
  readonly ports: readonly RootPort[];
}

/** Which properties tell a controller's ports. */
function portProperties(model: string): readonly string[] {
  const facts = controllerModel(model);
  if (facts === undefined) return [];
  const own = facts.ports.rule === 'xhci' ? ['p2', 'p3'] : facts.ports.rule === 'ohci' ? ['num-ports'] : [];
  return facts.canBeCompanion ? [...own, 'masterbus', 'firstport'] : own;
}

/**
 * Finds every USB bus with its controller, and folds companions, which have no bus, into the ports of their EHCI.
 *
 * @returns controllers of the board first, then those with an id, by name
 */
export function* readControllers(nodes: readonly QomNode[]): Reading<SeenController[]> {
  const devices = nodes.filter(
    (node) => controllerModel(node.type) !== undefined && node.parent !== undefined && node.properties.length > 0,
  );
  const replies = yield* getAll(devices.map(({ path, type }) => ({ path, properties: portProperties(type) })));
  const values = new Map(devices.map((node, i) => [node.path, replies[i] ?? new Map<string, QueryReply>()]));
  const buses = nodes.filter((node) => node.type === 'usb-bus' && node.parent !== undefined);
  return buses.flatMap((bus): SeenController[] => {
    const node = bus.parent;
    if (node === undefined) return [];
    const facts = controllerModel(node.type);
    if (facts === undefined) return [{ bus, node, known: false, ports: [] }];
    const companions = devices.flatMap((other): Companion[] => {
      const own = values.get(other.path);
      const model = controllerModel(other.type);
      if (own === undefined || model === undefined || textOf(own.get('masterbus')) !== bus.name) return [];
      const count = rootPorts(model, portValues(own)).length;
      return [{ firstport: numberOf(own.get('firstport')) ?? 0, count }];
    });
    const ports = rootPorts(facts, portValues(values.get(node.path) ?? new Map()));
    return [{ bus, node, known: true, ports: withCompanions(ports, companions) }];
  });
}

function portValues(values: ReadonlyMap<string, QueryReply>): PortProperties {
  return {
    p2: numberOf(values.get('p2')),
    p3: numberOf(values.get('p3')),
    numPorts: numberOf(values.get('num-ports')),
  };
}
