import type { KeptPort, PortName } from '../../planner/index.js';
import {
  type AttachedDevice,
  type Controller,
  comparePorts,
  type PortView,
  parentPort,
  portsOf,
  type SpeedMask,
} from '../../qdev/index.js';

/** The ports of a controller as people see them: every device once, and similar free ports together. Text and picture are made from it. */
export type PortNode = DeviceNode | HiddenHubNode | FreeNode;

/** A device, with its port where QEMU reports it. */
export interface DeviceNode {
  readonly node: 'device';
  readonly port: string | undefined;
  readonly device: AttachedDevice;
  readonly below: readonly PortNode[];
}

/** A port without a known device although another device is behind it. */
export interface HiddenHubNode {
  readonly node: 'hidden-hub';
  readonly port: string;
  readonly below: readonly PortNode[];
}

/** Free ports that take the same speeds and are kept for the same reason. */
export interface FreeNode {
  readonly node: 'free';
  readonly ports: readonly string[];
  readonly mask: SpeedMask;
  readonly keep: Keep;
}

/** For whom a free port is kept. `fast`: the reserve keeps it for fast devices. `absent`: it is the place of a device that is away. */
export type Keep =
  | { readonly for: 'anyone' }
  | { readonly for: 'fast' }
  | { readonly for: 'absent'; readonly label: string };

/** Free ports that are kept. */
export interface KeptPorts {
  readonly reserved: readonly PortName[];
  readonly kept: readonly KeptPort[];
}

/** @returns what is on the ports of a controller and which ports are free, by port number; a hub comes with what is behind it */
export function portTree(controller: Controller, keptPorts: KeptPorts): PortNode[] {
  const views = portsOf(controller);
  const children = new Map<string, PortView[]>();
  for (const view of views) push(children, parentPort(view.port) ?? '', view);
  const shown = new Set(views.map(({ occupant }) => occupant));
  const others = new Map<string, AttachedDevice[]>();
  const exists = new Set(views.map(({ port }) => port));
  for (const device of controller.devices) {
    if (!shown.has(device)) push(others, nearestPort(device.port, exists), device);
  }
  const keepOf = keeper(controller.bus, keptPorts);
  return below('');

  function below(parent: string): PortNode[] {
    const free: PortView[] = [];
    const used: (DeviceNode | HiddenHubNode)[] = (others.get(parent) ?? []).map((device) => ({
      node: 'device',
      port: device.port,
      device,
      below: [],
    }));
    for (const view of children.get(parent) ?? []) {
      const { port, occupant } = view;
      if (occupant !== undefined) used.push({ node: 'device', port, device: occupant, below: below(port) });
      else if (others.has(port)) used.push({ node: 'hidden-hub', port, below: below(port) });
      else free.push(view);
    }
    used.sort((a, b) => comparePorts(a.port ?? '', b.port ?? ''));
    return [...used, ...runsOf(free, keepOf)];
  }
}

/** @returns the nearest existing port above, or '' for the controller itself */
function nearestPort(port: string | undefined, exists: ReadonlySet<string>): string {
  let path = port === undefined ? undefined : parentPort(port);
  while (path !== undefined && !exists.has(path)) path = parentPort(path);
  return path ?? '';
}

function keeper(bus: string, { reserved, kept }: KeptPorts): (port: string) => Keep {
  const fast = new Set(reserved.filter((one) => one.bus === bus).map(({ port }) => port));
  const absent = new Map(kept.filter((one) => one.bus === bus).map(({ port, label }) => [port, label]));
  return (port) => {
    const label = absent.get(port);
    if (label !== undefined) return { for: 'absent', label };
    return fast.has(port) ? { for: 'fast' } : { for: 'anyone' };
  };
}

function runsOf(free: readonly PortView[], keepOf: (port: string) => Keep): FreeNode[] {
  const runs = new Map<string, { ports: string[]; mask: SpeedMask; keep: Keep }>();
  for (const { port, mask } of free) {
    const keep = keepOf(port);
    const kind = `${mask} ${keep.for} ${keep.for === 'absent' ? keep.label : ''}`;
    const run = runs.get(kind);
    if (run === undefined) runs.set(kind, { ports: [port], mask, keep });
    else run.ports.push(port);
  }
  return [...runs.values()].map((run) => ({ node: 'free', ...run }));
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
