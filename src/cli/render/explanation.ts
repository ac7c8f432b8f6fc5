import type { Colors } from 'picocolors/types.js';
import { printable } from '../../diag/index.js';
import type {
  Explanation,
  Objective,
  PortAtSpeed,
  RefusalReason,
  Verdict,
  VerdictRun,
  WhatIf,
  Why,
} from '../../planner/index.js';
import { megabits, type Speed } from '../../qdev/index.js';
import { atLeast, pad, speedText, width, wrap } from '../../view/text/index.js';
import type { Terminal } from '../terminal.js';
import { unbroken } from './lines.js';

/**
 * Why a device is where it is, for people.
 *
 * ```
 * usb-kbd  xhci.0 port 1.1, 12M
 *   ports    xhci.0 port 1         taken by qplug-hub-xhci.0-1
 *            xhci.0 port 1.1       chosen, 12M
 *            xhci.0 ports 2-4      kept for fast devices to come, 12M
 *   why      on xhci.0 port 2 it would take a fast port that is kept for devices to come
 *   changes  reserve: 3  →  xhci.0 port 1, 12M
 * ```
 */
export function renderExplanation(
  { label, native, place, refusal, ports, why, changes }: Explanation,
  { outColors: colors, columns }: Pick<Terminal, 'outColors' | 'columns'>,
): string {
  const where =
    place === undefined
      ? `${colors.red('no place:')} ${REFUSED[refusal?.reason ?? 'no-port']}`
      : `${placeText(place)}${place.speed === native ? '' : colors.yellow(`, slower: it can do ${speedWord(native)}`)}`;
  const told = changes.map((one): VerdictRow => ({ left: changeText(one), right: outcomeText(one) }));
  return [
    ...wrap(unbroken(`${colors.bold(label)}  ${where}`), columns ?? Number.POSITIVE_INFINITY, '  '),
    ...section('ports', columnsOf(portRows(ports), colors)),
    ...section('why', why === undefined ? [] : [[whyText(why)]]),
    ...section('changes', told.length === 0 ? [['no change that qplug tried']] : columnsOf(told, colors)),
  ].join('\n');

  /** Each row is one text, or two of which the second is wrapped beside the first. */
  function section(title: string, rows: readonly (readonly string[])[]): string[] {
    return rows.flatMap(([first = '', second], i) => {
      const before = `  ${pad(i === 0 ? colors.dim(title) : '', LEFT)}`;
      const head = second === undefined ? before : before + unbroken(first);
      const room = columns === undefined ? Number.POSITIVE_INFINITY : atLeast(columns - width(head));
      return wrap(unbroken(second ?? first), room).map((line, n) => (n === 0 ? head : ' '.repeat(width(head))) + line);
    });
  }
}

const LEFT = 'changes  '.length;

interface VerdictRow {
  readonly left: string;
  readonly right: string;
  readonly verdict?: Verdict['verdict'] | undefined;
}

/** Pads the left of each row, and paints what was chosen and what is out of the question. */
function columnsOf(rows: readonly VerdictRow[], colors: Colors): string[][] {
  const wide = Math.max(0, ...rows.map(({ left }) => width(left)));
  return rows.map(({ left, right, verdict }) => [`${paintOf(verdict, colors)(pad(left, wide))}  `, right]);
}

/** More than this is no longer put on one line with others. */
const MOST_ON_LINE = 24;

/** Ports of one bus with the same verdict, on one line where they fit there. */
function portRows(runs: readonly VerdictRun[]): VerdictRow[] {
  const rows: { bus: string; verdict: Verdict; ports: string[] }[] = [];
  for (const { bus, first, last, verdict } of runs) {
    const text = first === last ? first : `${first}-${last}`;
    const row = rows.find((one) => one.bus === bus && verdictText(one.verdict) === verdictText(verdict));
    if (row === undefined || width([...row.ports, text].join(' ')) > MOST_ON_LINE) {
      rows.unshift({ bus, verdict, ports: [text] });
    } else row.ports.push(text);
  }
  return rows.reverse().map(({ bus, verdict, ports }) => {
    const one = ports.length === 1 && !ports[0]?.includes('-');
    const left = `${printable(bus)} ${one ? 'port' : 'ports'} ${ports.join(' ')}`;
    return { left, right: verdictText(verdict), verdict: verdict.verdict };
  });
}

function paintOf(verdict: Verdict['verdict'] | undefined, colors: Colors): (text: string) => string {
  if (verdict === 'chosen') return colors.green;
  return verdict === 'speed-mismatch' || verdict === 'not-pinned' || verdict === 'taken' ? colors.dim : String;
}

function speedWord(speed: Speed): string {
  return speedText(megabits(speed));
}

function portText({ bus, port }: Pick<PortAtSpeed, 'bus' | 'port'>): string {
  return `${printable(bus)} port ${port}`;
}

function placeText(place: PortAtSpeed): string {
  return `${portText(place)}, ${speedWord(place.speed)}`;
}

const REFUSED: Readonly<Record<RefusalReason, string>> = {
  'no-port': 'no free port takes it',
  'only-slower': 'only slower ports are free',
  'pin-unknown': 'the requested place does not exist',
  'pin-taken': 'the requested port is in use',
  'pin-mismatch': 'the requested place does not take its speed',
  'hub-too-deep': 'it would be the sixth hub in a row',
  'controller-full': 'the controller has as many devices as a guest can number',
  'no-speed': 'QEMU attaches it at none of its speeds',
};

function verdictText(verdict: Verdict): string {
  switch (verdict.verdict) {
    case 'chosen':
      return `chosen, ${speedWord(verdict.speed)}`;
    case 'possible':
      return `would do as well, ${speedWord(verdict.speed)}`;
    case 'reserved':
      return `kept for future fast devices, ${speedWord(verdict.speed)}`;
    case 'slower':
      return `too slow: ${speedWord(verdict.speed)}`;
    case 'speed-mismatch':
      return 'does not take its speed';
    case 'taken':
      return `taken by ${printable(verdict.by)}`;
    case 'unsure':
      return `perhaps taken by ${printable(verdict.by)}, whose port QEMU does not report`;
    case 'not-pinned':
      return 'not the requested place';
    case 'hub-too-deep':
      return 'a hub here would be the sixth in a row';
    case 'kept':
      return `kept for ${printable(verdict.for)}, which is away, ${speedWord(verdict.speed)}`;
    case 'controller-full':
      return `free, but a guest numbers only ${verdict.slots} devices on this controller`;
  }
}

function whyText(why: Why): string {
  switch (why.why) {
    case 'pin':
      return 'it is the requested port';
    case 'only':
      return 'no other port is free for it';
    case 'alike':
      return `${portText(why.over)} would do as well; the lower number goes first`;
    case 'objective':
      return OBJECTIVE_WORDS[why.objective](portText(why.over), why.other - why.chosen, why);
  }
}

type Measured = Extract<Why, { why: 'objective' }>;

const OBJECTIVE_WORDS: Readonly<Record<Objective, (other: string, more: number, why: Measured) => string>> = {
  mandatory: (other, more) => `with it on ${other}, ${count(more, 'mandatory device')} more would have no port`,
  'mandatory-pinned': (other, more) => `with it on ${other}, ${count(more, 'device')} more would lose a requested port`,
  optional: (other, more) => `with it on ${other}, ${count(more, 'device')} more would have no port`,
  'optional-pinned': (other, more) => `with it on ${other}, ${count(more, 'device')} more would lose a requested port`,
  slower: (other, more) => `with it on ${other}, ${count(more, 'device')} more would run below native speed`,
  'speed-classes': (other) => `with it on ${other}, devices would lose more speed`,
  home: (other, more) =>
    `with it on ${other}, ${count(more, 'device')} fewer would be where they were when the VM ran last`,
  kept: (other, more) =>
    `with it on ${other}, ${count(more, 'port')} more that ${more === 1 ? 'is' : 'are'} kept for a device that is away would be taken`,
  controllers: (other, more) => `with it on ${other}, ${count(more, 'controller')} more would have to be added`,
  crowding: (other) => `on ${other} it would take a fast port that is kept for future devices`,
  'last-place': (other) => `with it on ${other}, no place would be left for a further slow device`,
  hubs: (other, more) => `with it on ${other}, ${count(more, 'hub')} more would have to be added`,
  'super-free': (other, _, why) => `with it on ${other}, ${free(why)} that carry SuperSpeed`,
  'high-free': (other, _, why) => `with it on ${other}, ${free(why)} that carry high speed`,
  'full-free': (other, _, why) => `with it on ${other}, ${free(why)} that carry full speed`,
  'slow-on-fast': (other) => `${other} could carry a faster device`,
  depth: (other) => `with it on ${other}, devices would be farther from the root`,
  order: (other) => `${other} would do as well; the earlier controller goes first`,
};

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}

/** Free ports are counted below nothing: more of them are better. */
function free({ chosen, other }: Measured): string {
  return `${-other} instead of ${-chosen} ports would stay free`;
}

function changeText({ change }: WhatIf): string {
  switch (change.fix) {
    case 'repin':
      return `on ${[change.controller, change.port].filter((word) => word !== undefined).join(' port ')}`;
    case 'unpin':
      return 'no requested place';
    case 'allow-slower':
      return 'slower: allow';
    case 'grow':
      return `grow: [${change.what === 'both' ? 'hubs, controllers' : change.what}]`;
    case 'more-ports':
      return `${change.ports} ports on ${printable(change.controller)}`;
    case 'add-companions':
      return `companions for ${printable(change.controller)} (model: ich9)`;
    case 'add-controller':
      return `a ${change.model} of its own`;
    case 'detach':
      return `without ${printable(change.device)}`;
    case 'without':
      return `without ${change.label}`;
    case 'reserve':
      return `reserve: ${change.reserve}`;
  }
}

function outcomeText({ place, lost }: WhatIf): string {
  const then = place === undefined ? 'no place' : placeText(place);
  return `→ ${then}${lost.length === 0 ? '' : `; but no place for ${lost.join(', ')}`}`;
}
