import { printable } from '../../diag/index.js';
import {
  type AttachedDevice,
  type Controller,
  megabits,
  portDepth,
  type Speed,
  speedOfMegabits,
  speedsIn,
} from '../../qdev/index.js';
import { width as columnsOf, speedText } from '../text/index.js';
import { type FreeNode, type PortNode, portTree } from '../tree/index.js';
import { Canvas, LINE } from './canvas.js';
import { columnsIn, type Geometry, type Point, type Port, textWidth } from './geometry.js';
import { layLegend } from './legend.js';
import { layRefused } from './refused.js';
import type { Scene } from './scene.js';

/** Sizes in pixels. Each level of hubs is a column: a block, the ports on its right edge, their wires, and what is on the ports. */
const MARGIN = 16;
const HEADING = 62;
const BLOCK = 176;
const BLOCK_HEIGHT = 58;
const DEVICE = 340;
const DEVICE_HEIGHT = 38;
/** The height of a device of which only the name is shown. */
const LOW_DEVICE = 26;
const PORT = 26;
const PORT_HEIGHT = 20;
/** From the right edge of a block to what is attached to it: a port, and a wire with its speed. */
const REACH = 116;
const GAP = 8;
const CONTROLLER_GAP = 20;
/** The width that the legend needs. */
const LEAST_WIDTH = 600;

/** Gives everything in a scene its place. The same scene always gives the same picture. */
export function layOut(scene: Scene): Geometry {
  const page: Page = { scene, canvas: new Canvas(), tally: { devices: 0, hubs: 0, slower: 0, away: 0 } };
  const { canvas } = page;
  const { controllers } = scene.topology;
  let y = MARGIN + HEADING;
  for (const controller of controllers) y = layController(page, controller, y) + CONTROLLER_GAP;
  const right = Math.max(LEAST_WIDTH, canvas.right);
  const room = right - MARGIN;
  if (scene.refused.length > 0) y = layRefused(canvas, scene.refused, { x: MARGIN, y }, room) + CONTROLLER_GAP;
  y = layLegend(canvas, { x: MARGIN, y }, room);
  const summary = summaryOf(page);
  canvas.words(scene.title, { x: MARGIN, y: MARGIN + 18 }, 'title', room);
  canvas.words(summary, { x: MARGIN, y: MARGIN + 40 }, 'small', room);
  const refusals = scene.refused.map(({ label, why }) => ` No port for ${label}: ${why}.`).join('');
  return {
    width: right + MARGIN,
    height: y + MARGIN,
    title: scene.title,
    description: `${summary}.${refusals}`,
    items: canvas.items,
  };
}

interface Page {
  readonly scene: Scene;
  readonly canvas: Canvas;
  readonly tally: { devices: number; hubs: number; slower: number; away: number };
}

function summaryOf({ scene, tally }: Page): string {
  const { controllers } = scene.topology;
  return [
    controllers.length === 0 ? 'no USB controllers' : counted(controllers.length, 'controller'),
    ...(tally.hubs > 0 ? [counted(tally.hubs, 'hub')] : []),
    counted(tally.devices, 'device'),
    ...(tally.slower > 0 ? [`${tally.slower} slower than native`] : []),
    ...(tally.away > 0 ? [`${tally.away} not attached`] : []),
    ...(scene.refused.length > 0 ? [`${scene.refused.length} without a port`] : []),
  ].join(', ');
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** @returns the y of its lower edge */
function layController(page: Page, controller: Controller, y: number): number {
  const { scene, canvas } = page;
  const { id, bus, model, ports, known } = controller;
  const nodes = portTree(controller, scene.kept);
  const bottom = layNodes(page, nodes, controller, { x: MARGIN + BLOCK, y: y + GAP });
  const height = Math.max(BLOCK_HEIGHT, bottom + GAP - y);
  const added = scene.isAdded(controller);
  const name = printable(id ?? bus);
  const count = known ? counted(ports.length, 'port') : 'not known to qplug';
  canvas.box({
    kind: 'controller',
    look: added ? 'new' : 'there',
    x: MARGIN,
    y,
    width: BLOCK,
    height,
    lines: [
      { font: 'name', text: name },
      { font: 'small', text: printable(model) },
      { font: 'small', text: added ? `${count}, added` : count },
    ],
    tip: `${name}: ${printable(model)}, ${count}${added ? ', will be added' : ''}`,
  });
  return y + height;
}

/**
 * @param at - the top right corner of the free space in the block that has these ports
 * @returns the y of the lower edge of the last node
 */
function layNodes(page: Page, nodes: readonly PortNode[], controller: Controller, at: Point): number {
  let { y } = at;
  for (const [index, node] of nodes.entries()) {
    if (index > 0) y += GAP;
    y = layNode(page, node, controller, { x: at.x, y });
  }
  return y;
}

function layNode(page: Page, node: PortNode, controller: Controller, at: Point): number {
  if (node.node === 'free') return layFree(page, node, controller, at);
  if (node.node === 'device' && node.device.hubPorts === undefined && node.below.length === 0) {
    return layDevice(page, node.device, controller, at);
  }
  return layHub(page, node, controller, at);
}

function layDevice(page: Page, device: AttachedDevice, controller: Controller, { x, y }: Point): number {
  const { scene, canvas, tally } = page;
  const { name, about, trouble, state, id } = scene.describe(device, controller);
  const detail = [about, id].filter((one) => one !== undefined).join(' · ');
  const height = trouble === undefined && detail === '' ? LOW_DEVICE : DEVICE_HEIGHT;
  layWire(canvas, device, controller, { x, y: y + height / 2 });
  canvas.box({
    kind: 'device',
    look: state,
    x: x + REACH,
    y,
    width: DEVICE,
    height,
    lines: [
      { font: 'name', text: name },
      { font: 'trouble', text: trouble ?? '', after: detail },
    ],
    tip: [name, trouble, about, id].filter((one) => one !== undefined).join(' · '),
  });
  tally.devices += 1;
  if (state === 'slower') tally.slower += 1;
  if (state === 'away') tally.away += 1;
  return y + height;
}

function layHub(page: Page, node: Exclude<PortNode, FreeNode>, controller: Controller, { x, y }: Point): number {
  const { scene, canvas, tally } = page;
  const device = node.node === 'device' ? node.device : undefined;
  layWire(canvas, device, controller, { x, y: y + DEVICE_HEIGHT / 2 }, node.port);
  const left = x + REACH;
  const bottom = layNodes(page, node.below, controller, { x: left + BLOCK, y: y + GAP });
  const words = device === undefined ? undefined : scene.describe(device, controller);
  const [title = '', ...more] = words === undefined ? ['hub', 'not shown by QEMU'] : hubWords(words.name);
  const isHub = device?.hubPorts !== undefined;
  const lines = [
    { font: 'name' as const, text: isHub ? (words?.id ?? '') : title },
    ...(isHub ? [title, ...more] : more).map((text) => ({ font: 'small' as const, text })),
  ];
  const height = Math.max(BLOCK_HEIGHT, GAP + lines.length * LINE, bottom + GAP - y);
  canvas.box({
    kind: 'hub',
    look: words?.state ?? 'there',
    x: left,
    y,
    width: BLOCK,
    height,
    lines,
    tip: [words?.id, title, ...more].filter((one) => one !== undefined).join(', '),
  });
  if (isHub) tally.hubs += 1;
  else if (device !== undefined) tally.devices += 1;
  return y + height;
}

/** @returns `hub, 8 ports`, and the other words about the hub */
function hubWords(name: string): string[] {
  const [kind, count, ...more] = name.split(', ');
  return [[kind, count].filter((one) => one !== undefined).join(', '), ...more];
}

/**
 * A port in use, and the wire to what is on it.
 *
 * @param port - needed for a hub that QEMU does not show
 */
function layWire(
  canvas: Canvas,
  device: AttachedDevice | undefined,
  controller: Controller,
  { x, y: middle }: Point,
  port: string | undefined = device?.port,
): void {
  const speed = speedOf(device);
  const label = device === undefined ? '?' : device.attached ? speedText(device.megabits) : '-';
  const tip = `${placeName(controller, port)}, ${label === '-' ? 'nothing attached' : `in use at ${label}`}`;
  const end = layPort(canvas, { x, y: middle - PORT_HEIGHT / 2, bus: controller.bus, path: port, keep: 'used', tip });
  canvas.wire({ x: end, y: middle, length: x + REACH - end, speed, label });
}

function speedOf(device: AttachedDevice | undefined): Speed | 'none' {
  if (device?.attached !== true || device.megabits === undefined) return 'none';
  return speedOfMegabits(device.megabits) ?? 'none';
}

/** @returns the x of its right edge */
function layPort(canvas: Canvas, port: Omit<Port, 'item' | 'width' | 'height' | 'label'>): number {
  const label = port.path === undefined ? '?' : port.path.slice(port.path.lastIndexOf('.') + 1);
  const width = Math.max(PORT, Math.ceil(textWidth(label.length, 'small')) + 8);
  canvas.port({ ...port, label, width, height: PORT_HEIGHT });
  return port.x + width;
}

function placeName({ bus }: Controller, path: string | undefined): string {
  if (path === undefined) return `${printable(bus)}, port not reported by QEMU`;
  return `${printable(bus)} port ${path}${portDepth(path) === 1 ? '' : ' (behind a hub)'}`;
}

/** Similar free ports, side by side. The words beside or below them say which speeds the ports take, or for whom they are kept. */
function layFree(page: Page, { ports, mask, keep }: FreeNode, controller: Controller, at: Point): number {
  const { canvas } = page;
  const speeds = speedsIn(mask).map((speed) => speedText(megabits(speed)));
  const takes = speeds.join(' ');
  const words = keep.for === 'absent' ? `kept for ${keep.label}` : `${WORDS[keep.for]} · ${takes}`;
  const end = at.x + REACH + DEVICE;
  let { x, y } = at;
  for (const path of ports) {
    if (x > end - PORT) {
      x = at.x;
      y += PORT_HEIGHT + 3;
    }
    const tip = `${placeName(controller, path)}: ${words}${keep.for === 'absent' ? ` · ${takes}` : ''}`;
    x = layPort(canvas, { x, y, bus: controller.bus, path, keep: keep.for, tip }) + 3;
  }
  const beside = end - x - GAP;
  if (columnsOf(words) <= columnsIn(beside, 'small') && y === at.y) {
    canvas.words(words, { x: x + GAP, y: y + 14 }, 'small', beside);
    return y + PORT_HEIGHT;
  }
  canvas.words(words, { x: at.x + GAP, y: y + PORT_HEIGHT + 14 }, 'small', end - at.x - GAP);
  return y + PORT_HEIGHT + 18;
}

const WORDS = { anyone: 'free', fast: 'kept for fast devices' } as const;
