import type { Text } from '../../finding.js';
import { advice, path, sh } from '../../fix.js';
import { SPEED, type SpeedWord } from '../../planner-fix.js';
import { printable } from '../../printable.js';
import type { PortPlace } from '../words.js';

/** The plan puts the device on another port than the remembered one. */
interface PlacedElsewhere {
  device: string;
  bus: string;
  port: string;
  home: { readonly bus: string; readonly port: string };
  /** Why not its old port: a verdict of the planner, or `gone`. Names in it are untrusted. */
  because: {
    readonly verdict: string;
    readonly by?: string;
    readonly for?: string;
    readonly slots?: number;
  };
}

type Spot = Pick<PortPlace, 'bus' | 'port'>;

const spot = ({ bus, port }: Spot): string => `${printable(bus)} port ${printable(port ?? 'unknown')}`;

export const places = {
  'places-unreadable': {
    kind: 'failed',
    text: ({ vm, path: file, reason }: { vm: string; path: string; reason: string }): Text => ({
      what: `can't read the saved device positions of ${printable(vm)}; placing its devices from scratch`,
      where: printable(file),
      why:
        reason === 'newer'
          ? 'a newer qplug wrote them, and this one does not change them'
          : reason === 'torn'
            ? 'the file is damaged or incomplete'
            : printable(reason),
      fix: reason === 'newer' ? advice('Use the newer qplug') : sh`rm ${path(file)}`,
    }),
  },
  'places-not-saved': {
    kind: 'failed',
    text: ({ vm, path: file, reason }: { vm: string; path: string; reason: string }): Text => ({
      what: `could not save the device positions of ${printable(vm)}; its next start may use other ports`,
      where: printable(file),
      why: printable(reason),
      fix: sh`df -h ${path(file)}`,
    }),
  },
  'placed-elsewhere': {
    kind: 'no-plan',
    text: (e: PlacedElsewhere): Text => ({
      what: `${e.device} is on another port than before`,
      where: `${printable(e.bus)} port ${printable(e.port)}`,
      why: `it was on ${printable(e.home.bus)} port ${printable(e.home.port)}; ${whyNotHome(e.because)}`,
    }),
  },
  /** The plan gives a port that was kept for a missing device to another; `by`: its id or label. */
  'kept-port-taken': {
    kind: 'no-plan',
    text: (e: { bus: string; port: string; device: string; by: string }): Text => ({
      what: `another device took a port kept for ${e.device}`,
      where: `${printable(e.bus)} port ${printable(e.port)}`,
      why: `ports are scarce: without it ${printable(e.by)} would get no port, a slower one, or not its own`,
    }),
  },
  /** The plan puts the device below its native speed, as the user allowed. */
  'placed-slower': {
    kind: 'no-plan',
    text: (e: { device: string; native: SpeedWord; speed: SpeedWord; bus: string; port: string }): Text => ({
      what: `${e.device} runs slower than it could`,
      where: `${printable(e.bus)} port ${printable(e.port)}`,
      why: `${SPEED[e.speed]} instead of ${SPEED[e.native]}, because no faster port is free and a slower one is allowed`,
    }),
  },
  /** Labels are printable; `from`: the present port of the device that gains speed, if any; `hub`: a hub that the move removes. */
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
      /** The words that name the device on a command line, if it is not in the VM yet. */
      words: readonly string[];
    }): Text => ({
      what: [
        ...(hub === undefined ? [] : [`removing ${printable(hub)}, which has no devices behind it,`]),
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
      return `now ${printable(by ?? '')}, whose port QEMU does not report, may be there`;
    case 'kept':
      return `now that port is kept for ${printable(away ?? '')}`;
    case 'gone':
      return 'that port no longer exists';
    case 'speed-mismatch':
    case 'slower':
      return 'that port no longer takes its speed';
    case 'controller-full':
      return `that controller now has ${slots ?? 64} devices, the most that a guest can number on it`;
    case 'hub-too-deep':
      return 'there it would be the sixth hub in a row';
    default:
      return 'there it would cost another device its port or its speed';
  }
}
