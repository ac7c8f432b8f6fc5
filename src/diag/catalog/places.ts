import type { Text } from '../finding.js';
import { advice, path, sh } from '../fix.js';
import { SPEED, type SpeedWord } from '../planner-fix.js';
import { printable } from '../printable.js';

/** It was remembered at one port and goes to another. */
interface PlacedElsewhere {
  device: string;
  bus: string;
  port: string;
  home: { readonly bus: string; readonly port: string };
  /** What there is at its old port: a verdict of the planner, or `gone`. Names in it are untrusted. */
  because: {
    readonly verdict: string;
    readonly by?: string;
    readonly for?: string;
    readonly slots?: number;
  };
}

interface PortPlace {
  readonly bus: string;
  readonly port: string | undefined;
  readonly megabits: number | undefined;
}

type Spot = Pick<PortPlace, 'bus' | 'port'>;

const spot = ({ bus, port }: Spot): string => `${printable(bus)} port ${printable(port ?? 'unknown')}`;

export const places = {
  'places-unreadable': {
    kind: 'failed',
    text: ({ vm, path: file, reason }: { vm: string; path: string; reason: string }): Text => ({
      what: `where the devices of ${printable(vm)} were at its last start can't be read, so they are placed anew`,
      where: printable(file),
      why:
        reason === 'newer'
          ? 'a newer qplug wrote it; it is left as it is'
          : reason === 'torn'
            ? 'it is no whole record of places'
            : printable(reason),
      fix: reason === 'newer' ? advice('use the newer qplug') : sh`rm ${path(file)}`,
    }),
  },
  'places-not-saved': {
    kind: 'failed',
    text: ({ vm, path: file, reason }: { vm: string; path: string; reason: string }): Text => ({
      what: `where the devices of ${printable(vm)} are could not be saved; its next start may place them elsewhere`,
      where: printable(file),
      why: printable(reason),
      fix: sh`df -h ${path(file)}`,
    }),
  },
  'placed-elsewhere': {
    kind: 'no-plan',
    text: (e: PlacedElsewhere): Text => ({
      what: `${e.device} is not where it was`,
      where: `${printable(e.bus)} port ${printable(e.port)}`,
      why: `it was on ${printable(e.home.bus)} port ${printable(e.home.port)}; ${whyNotHome(e.because)}`,
    }),
  },
  /** A port that was kept for a device that is away went to another, an id or a label. */
  'kept-port-taken': {
    kind: 'no-plan',
    text: (e: { bus: string; port: string; device: string; by: string }): Text => ({
      what: `a port kept for ${e.device} was taken`,
      where: `${printable(e.bus)} port ${printable(e.port)}`,
      why: `ports are scarce, and ${printable(e.by)} would have none without it, a slower one, or not its own`,
    }),
  },
  /** It was placed, below its native speed, as was allowed. */
  'placed-slower': {
    kind: 'no-plan',
    text: (e: { device: string; native: SpeedWord; speed: SpeedWord; bus: string; port: string }): Text => ({
      what: `${e.device} runs slower than it could`,
      where: `${printable(e.bus)} port ${printable(e.port)}`,
      why: `${SPEED[e.speed]} instead of ${SPEED[e.native]}, since no faster port is free and slower was allowed`,
    }),
  },
  /** Devices by their labels, printable; `from` is the winner's own place where it has one, `hub` one that goes. */
  'move-would-help': {
    kind: 'no-plan',
    text: ({
      vm,
      label,
      megabits,
      bus,
      port,
      moved,
      from,
      hub,
      words,
    }: {
      vm: string;
      label: string;
      megabits: number;
      bus: string;
      port: string;
      moved: readonly { readonly label: string; readonly from: Spot; readonly to: Spot }[];
      from: Spot | undefined;
      hub: string | undefined;
      /** What names the device on a command line, where it is not in the VM yet. */
      words: readonly string[];
    }): Text => ({
      what: [
        ...(hub === undefined ? [] : [`taking out ${printable(hub)}, which nothing is behind,`]),
        ...moved.map((one) => `moving ${printable(one.label)} from ${spot(one.from)} to ${spot(one.to)}`),
        ...(from === undefined ? [] : [`moving it from ${spot(from)} to ${spot({ bus, port })}`]),
      ]
        .join(' and ')
        .concat(` would give ${printable(label)} a port of its speed, ${megabits} Mb/s`),
      fix:
        words[0] === '--emulated'
          ? sh`qplug rebalance ${vm} --emulated ${words[1] ?? ''}`
          : sh`qplug rebalance ${[vm, ...words]}`,
    }),
  },
} as const;

function whyNotHome({ verdict, by, for: away, slots }: PlacedElsewhere['because']): string {
  switch (verdict) {
    case 'taken':
      return `now ${printable(by ?? '')} is there`;
    case 'unsure':
      return `now ${printable(by ?? '')}, whose port QEMU does not tell, may be there`;
    case 'kept':
      return `now that is kept for ${printable(away ?? '')}`;
    case 'gone':
      return 'there is no such port now';
    case 'speed-mismatch':
    case 'slower':
      return 'now that port does not take its speed';
    case 'controller-full':
      return `now that controller has as many devices as a guest can number on it, ${slots ?? 64}`;
    case 'hub-too-deep':
      return 'there it would be the sixth hub in a row';
    default:
      return 'there it would cost another device its port or its speed';
  }
}
