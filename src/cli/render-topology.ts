import type { Colors } from 'picocolors/types.js';
import { printable } from '../diag/index.js';
import {
  type AttachedDevice,
  type Controller,
  formatVersion,
  megabits,
  type PortView,
  portsOf,
  speedsIn,
  type Topology,
} from '../qdev/index.js';
import { renderSpeed } from './render-speed.js';
import type { Terminal } from './terminal.js';
import { roomAfter } from './text-width.js';

/** What is said of a device after its port and speed, best in `room` columns. */
export type Describe = (device: AttachedDevice, room: number) => string;

/**
 * A VM's USB world as a tree: controllers, ports, hubs, devices, and what is free.
 *
 * ```
 * xhci  qemu-xhci  15 ports
 * ├─ 1    5G    0781:5567 "Ultra" from 1-2.3
 * ├─ 2    12M   hub qplug-hub-xhci.0-2, 8 ports
 * │  └─ 2.1  1.5M  usb-mouse
 * └─ free: 3-15 (1.5M 12M 480M 5G)
 * ```
 */
export function renderTopology(
  topology: Topology,
  describe: Describe,
  { outColors: colors, columns }: Pick<Terminal, 'outColors' | 'columns'>,
): string {
  if (topology.controllers.length === 0) return `no USB controllers (QEMU ${formatVersion(topology.version)})`;
  return topology.controllers
    .map((controller) => renderController(controller, { describe, colors, columns }))
    .join('\n');
}

interface Paper {
  readonly describe: Describe;
  readonly colors: Colors;
  readonly columns: number | undefined;
}

function renderController(controller: Controller, paper: Paper): string {
  const { describe, colors, columns } = paper;
  const name = printable(controller.id ?? controller.bus);
  const count = controller.ports.length;
  const known = controller.known ? `${count} port${count === 1 ? '' : 's'}` : 'a controller that qplug does not know';
  const views = portsOf(controller);
  const lines = below(undefined, views, '', paper);
  for (const device of controller.devices.filter((one) => one.port === undefined)) {
    const before = `?  ${colors.dim('QEMU does not tell its port:')} `;
    lines.push(before + describe(device, roomAfter(before, columns)));
  }
  return [`${colors.bold(name)}  ${printable(controller.model)}  ${colors.dim(known)}`, ...lines].join('\n');
}

function below(parent: string | undefined, views: readonly PortView[], indent: string, paper: Paper): string[] {
  const here = views.filter(({ port }) => parentOf(port) === parent);
  const used = here.filter(({ occupant }) => occupant !== undefined);
  const free = freeLines(here, parent === undefined ? '' : `${parent}.`, paper.colors);
  const width = Math.max(0, ...used.map(({ port }) => port.length));
  const lines = used.flatMap(({ port, occupant }, index): string[] => {
    if (occupant === undefined) return [];
    const last = index === used.length - 1 && free.length === 0;
    const speed = occupant.attached ? renderSpeed(occupant.megabits) : '-';
    const before = `${indent}${last ? '└─ ' : '├─ '}${port.padEnd(width)}  ${speed.padEnd(4)}  `;
    return [
      before + paper.describe(occupant, roomAfter(before, paper.columns)),
      ...below(port, views, `${indent}${last ? '   ' : '│  '}`, paper),
    ];
  });
  return [...lines, ...free.map((line, index) => `${indent}${index === free.length - 1 ? '└─ ' : '├─ '}${line}`)];
}

/** @returns the free ports, those that take the same speeds on one line. @param prefix - what their paths begin with */
function freeLines(views: readonly PortView[], prefix: string, colors: Colors): string[] {
  const byMask = new Map<number, number[]>();
  for (const { port, mask, occupant } of views) {
    if (occupant === undefined) byMask.set(mask, [...(byMask.get(mask) ?? []), Number(port.split('.').at(-1))]);
  }
  return [...byMask].map(([mask, ports]) => {
    const speeds = speedsIn(mask).map((speed) => renderSpeed(megabits(speed)));
    return colors.dim(`free: ${ranges(ports, prefix)} (${speeds.join(' ')})`);
  });
}

function parentOf(port: string): string | undefined {
  const dot = port.lastIndexOf('.');
  return dot < 0 ? undefined : port.slice(0, dot);
}

/** @returns `1-3 5 7-8` for 1, 2, 3, 5, 7, 8; with the prefix `2.`: `2.1-2.3 2.5 2.7-2.8` */
export function ranges(numbers: readonly number[], prefix = ''): string {
  const sorted = [...numbers].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let index = 0; index < sorted.length; ) {
    const first = sorted[index] ?? 0;
    let last = first;
    while (sorted[index + 1] === last + 1) {
      index += 1;
      last += 1;
    }
    parts.push(`${prefix}${first}${first === last ? '' : `-${prefix}${last}`}`);
    index += 1;
  }
  return parts.join(' ');
}
