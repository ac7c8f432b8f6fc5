import type { Colors } from 'picocolors/types.js';
import { printable } from '../../diag/index.js';
import { type Controller, formatVersion, megabits, speedsIn, type Topology } from '../../qdev/index.js';
import { cut, pad, shorten, speedText, width, wrap } from '../../view/text/index.js';
import {
  type Describe,
  type DeviceWords,
  type FreeNode,
  type KeptPorts,
  type PortNode,
  portTree,
} from '../../view/tree/index.js';
import type { Terminal } from '../terminal.js';
import { unbroken } from './lines.js';

/** Columns of a tree that goes into a file or a pipe. */
export const PIPE_COLUMNS = 120;

/** A name is not made shorter than this for the sake of what stands after it. */
const NAME = 20;

/** An id of which less than this would be seen is left out. */
const ID = 10;

/** What a tree is made of besides the topology. */
export interface TreeInk {
  readonly describe: Describe;
  readonly kept: KeptPorts;
}

/**
 * A VM's USB world as a tree: controllers, ports, hubs, devices, and what is free. It is as wide as the terminal at most, and
 * `PIPE_COLUMNS` where there is none.
 *
 * ```
 * xhci  qemu-xhci  15 ports
 * ├─ 1  5G    Ultra                  from 1-2.3  qplug-0781-5567
 * ├─ 2  12M   hub, 8 ports                       qplug-hub-xhci.0-2
 * │  ├─ 2.1  1.5M  usb-mouse                     mouse
 * │  └─ free: 2.2-2.8 (1.5M 12M)
 * └─ free: 3-15 (1.5M 12M 480M 5G)
 * ```
 */
export function renderTopology(
  topology: Topology,
  { describe, kept }: TreeInk,
  { outColors: colors, columns = PIPE_COLUMNS }: Pick<Terminal, 'outColors' | 'columns'>,
): string {
  if (topology.controllers.length === 0) return `no USB controllers (QEMU ${formatVersion(topology.version)})`;
  const lines = topology.controllers.flatMap((controller): Line[] => [
    headOf(controller),
    ...linesOf(portTree(controller, kept), '', (device) => describe(device, controller)),
  ]);
  const measures = measure(lines, columns);
  return lines.map((line) => renderLine(line, measures, colors)).join('\n');
}

/** The line above a tree: whose it is, and what it shows. @param name - printable */
export function renderHeading(
  name: string,
  words: string,
  { outColors: colors, columns = PIPE_COLUMNS }: Pick<Terminal, 'outColors' | 'columns'>,
): string {
  return `${colors.bold(shorten(name, Math.max(8, columns - width(words) - 2)))}  ${words}`;
}

type Line =
  | { readonly line: 'head'; readonly name: string; readonly words: readonly string[] }
  | {
      readonly line: 'device';
      /** Branches, port and speed. */
      readonly before: string;
      /** What stands before a second line. */
      readonly under: string;
      readonly words: DeviceWords;
    }
  | { readonly line: 'free'; readonly before: string; readonly under: string; readonly text: string };

function headOf({ id, bus, model, ports, known }: Controller): Line {
  const count = `${ports.length} port${ports.length === 1 ? '' : 's'}`;
  const words = [printable(model), known ? count : 'a controller that qplug does not know'];
  return { line: 'head', name: printable(id ?? bus), words };
}

function linesOf(
  nodes: readonly PortNode[],
  indent: string,
  wordsOf: (device: Parameters<Describe>[0]) => DeviceWords,
): Line[] {
  const ports = nodes.map((node) => (node.node === 'free' ? '' : unbroken(node.port ?? '?')));
  const portWidth = Math.max(0, ...ports.map(width));
  return nodes.flatMap((node, index): Line[] => {
    const last = index === nodes.length - 1;
    const before = `${indent}${last ? '└─ ' : '├─ '}`;
    const within = `${indent}${last ? '   ' : '│  '}`;
    if (node.node === 'free') return [{ line: 'free', before, under: within, text: unbroken(freeText(node)) }];
    const port = pad(ports[index] ?? '', portWidth);
    const below = linesOf(node.below, within, wordsOf);
    if (node.node === 'hidden-hub') {
      return [{ line: 'free', before, under: within, text: `${port}  a hub that QEMU did not show` }, ...below];
    }
    const { attached, megabits: figure } = node.device;
    const speed = pad(attached ? speedText(figure) : '-', 4);
    const branch = below.length === 0 ? '' : '│';
    const under = pad(`${within}${branch}`, width(before) + portWidth + 8);
    const told = wordsOf(node.device);
    const words = oneLined(node.port === undefined ? { ...told, about: 'QEMU does not report its port' } : told);
    return [{ line: 'device', before: `${before}${port}  ${speed}  `, under, words }, ...below];
  });
}

function freeText({ ports, mask, keep }: FreeNode): string {
  const speeds = speedsIn(mask).map((speed) => speedText(megabits(speed)));
  const takes = `${ranges(ports)} (${speeds.join(' ')})`;
  switch (keep.for) {
    case 'anyone':
      return `free: ${takes}`;
    case 'fast':
      return `free: ${takes}, kept for fast devices`;
    case 'absent':
      return `kept: ${takes}, for ${keep.label}`;
  }
}

/** A device is one line, whatever is in its words. */
function oneLined(words: DeviceWords): DeviceWords {
  const text = (one: string | undefined): string | undefined => (one === undefined ? undefined : unbroken(one));
  return {
    ...words,
    name: unbroken(words.name),
    about: text(words.about),
    trouble: text(words.trouble),
    id: text(words.id),
  };
}

/** Where the columns after the names begin, for the whole tree. */
interface Measures {
  readonly columns: number;
  /** The last column of names; what is longer is shortened. */
  readonly name: number;
  readonly about: number;
  readonly trouble: number;
  /** Columns for ids; 0 where there is no room for them. */
  readonly id: number;
  /** Whether troubles stand on lines of their own. */
  readonly narrow: boolean;
}

function measure(lines: readonly Line[], columns: number): Measures {
  const devices = lines.filter((line) => line.line === 'device');
  const most = (of: (line: (typeof devices)[number]) => number): number => Math.max(0, ...devices.map(of));
  const column = (text: (words: DeviceWords) => string | undefined): number => {
    const widest = most(({ words }) => width(text(words) ?? ''));
    return widest === 0 ? 0 : widest + 2;
  };
  const before = most((line) => width(line.before));
  const wanted = most((line) => width(line.before) + width(line.words.name));
  const about = column((words) => words.about);
  const trouble = column((words) => words.trouble);
  const id = column((words) => words.id);
  const least = before + NAME;
  const whole = columns - about - trouble - id;
  if (whole >= Math.min(least, wanted)) {
    return { columns, name: Math.min(wanted, whole), about, trouble, id, narrow: false };
  }
  const name = Math.min(wanted, least);
  const left = columns - name - about - trouble;
  if (left >= ID) return { columns, name, about, trouble, id: left, narrow: false };
  if (left >= 0) return { columns, name: Math.min(wanted, name + left), about, trouble, id: 0, narrow: false };
  return { columns, name: Math.max(columns, before + 8), about: 0, trouble: 0, id: 0, narrow: true };
}

function renderLine(line: Line, measures: Measures, colors: Colors): string {
  const { columns } = measures;
  switch (line.line) {
    case 'head': {
      const name = shorten(line.name, Math.max(8, columns - width(line.words.join('  ')) - 2));
      const rest = cut(line.words.join('  '), Math.max(8, columns - width(name) - 2));
      return `${colors.bold(name)}  ${colors.dim(rest)}`;
    }
    case 'free': {
      const room = Math.max(16, columns - width(line.before) - 2);
      const [first = '', ...more] = wrap(line.text, room).map((text) => cut(text, room));
      return [line.before + colors.dim(first), ...more.map((text) => `${line.under}  ${colors.dim(text)}`)].join('\n');
    }
    case 'device':
      return measures.narrow ? renderNarrow(line, measures, colors) : renderDevice(line, measures, colors);
  }
}

type DeviceLine = Extract<Line, { line: 'device' }>;

function renderDevice({ before, words }: DeviceLine, measures: Measures, colors: Colors): string {
  const room = measures.name - width(before);
  const cells: readonly (readonly [text: string, columns: number, paint: (text: string) => string])[] = [
    [shorten(words.name, room), room, String],
    [words.about ?? '', measures.about - 2, String],
    [words.trouble ?? '', measures.trouble - 2, colors.yellow],
    [shorten(words.id ?? '', measures.id - 2), measures.id - 2, colors.dim],
  ];
  const there = cells.filter(([, size]) => size > 0);
  while (there.at(-1)?.[0] === '') there.pop();
  const last = there.length - 1;
  return (
    before + there.map(([text, size, paint], index) => paint(text) + gap(text, index === last ? 0 : size + 2)).join('')
  );
}

/** @returns the spaces after a cell */
function gap(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - width(text)));
}

/** What does not fit beside the name stands below it; the id is left out. */
function renderNarrow({ before, under, words }: DeviceLine, { columns, name }: Measures, colors: Colors): string {
  const room = Math.max(8, columns - width(under));
  const more = [
    ...(words.about === undefined ? [] : wrap(words.about, room)),
    ...(words.trouble === undefined ? [] : wrap(words.trouble, room).map((text) => colors.yellow(text))),
  ];
  const first = before + shorten(words.name, Math.max(8, name - width(before)));
  return [first, ...more.map((text) => under + text)].join('\n');
}

/** @returns `1-3 5 7-8` for 1, 2, 3, 5, 7, 8; `2.1-2.3 2.5` for ports of a hub. @param ports - of one hub or controller, in order */
export function ranges(ports: readonly string[]): string {
  const runs: { first: string; last: string }[] = [];
  for (const port of ports) {
    const run = runs.at(-1);
    if (run !== undefined && lastNumber(port) === lastNumber(run.last) + 1) run.last = port;
    else runs.push({ first: port, last: port });
  }
  return runs.map(({ first, last }) => (first === last ? first : `${first}-${last}`)).join(' ');
}

function lastNumber(port: string): number {
  return Number(port.slice(port.lastIndexOf('.') + 1));
}
