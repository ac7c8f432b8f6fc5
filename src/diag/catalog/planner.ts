import type { Catalog, Text } from '../finding.js';
import { nearest } from '../nearest.js';
import { printable } from '../printable.js';

type SpeedWord = 'low' | 'full' | 'high' | 'super';

/** The change that makes room, see `Fix` in src/planner/plan.ts. */
type PlannerFix =
  | { readonly fix: 'add-controller'; readonly model: string; readonly id: string; readonly bus?: string | undefined }
  | { readonly fix: 'grow'; readonly what: 'hubs' }
  | { readonly fix: 'allow-slower'; readonly speed: SpeedWord }
  | { readonly fix: 'detach'; readonly device: string }
  | { readonly fix: 'unpin' }
  | { readonly fix: 'none' };

/** Why a device has no port. */
export interface RefusedEvidence {
  /** The device's label: printable. */
  readonly device: string;
  readonly hub: boolean;
  readonly native: SpeedWord;
  /** What the user fixed: an id or bus, and a port path. */
  readonly controller?: string | undefined;
  readonly port?: string | undefined;
  /** What sits on ports that it could use. */
  readonly takenBy: readonly string[];
  /** Devices of unknown port that may sit on ports that it could use. */
  readonly unsure: readonly string[];
  /** How many devices a guest can number on a controller that has a port for it, where these are all in use. */
  readonly slots?: number | undefined;
  /** The fastest at which a free port would have it, where that is below native. */
  readonly best?: SpeedWord | undefined;
  /** The speeds of the port that was fixed; empty when none was, or there is none. */
  readonly accepts: readonly SpeedWord[];
  /** Free ports that would do without the pin: `xhci.0 ports 1-4`. */
  readonly alternatives: readonly string[];
  /** The controllers of the VM by id, or bus where they have none. */
  readonly controllers: readonly string[];
  /** The ports that there are within the pinned controller, or in all. */
  readonly ports: readonly string[];
  readonly fix: PlannerFix;
  /** How the VM is called in commands. */
  readonly vm: string;
}

export interface PlannerEvidence {
  /** Every port that would take it is in use, or no port does. */
  'no-port': RefusedEvidence;
  /** There is room, but only below its native speed. */
  'only-slower': RefusedEvidence;
  /** No such controller or port. */
  'pin-unknown': RefusedEvidence;
  /** The port is in use. */
  'pin-taken': RefusedEvidence;
  /** The port does not take its speed. */
  'pin-mismatch': RefusedEvidence;
  /** It would be the sixth hub of a chain. */
  'hub-too-deep': RefusedEvidence;
  /** There is a port, but its controller has as many devices as a guest can number. */
  'controller-full': RefusedEvidence;
  /** It was remembered at one port and goes to another. */
  'placed-elsewhere': {
    readonly device: string;
    readonly bus: string;
    readonly port: string;
    readonly home: { readonly bus: string; readonly port: string };
    /** What there is at its old port: a verdict of the planner, or `gone`. Names in it are untrusted. */
    readonly because: {
      readonly verdict: string;
      readonly by?: string;
      readonly for?: string;
      readonly slots?: number;
    };
  };
  /** A port that was kept for a device that is away went to another, an id or a label. */
  'kept-port-taken': { readonly bus: string; readonly port: string; readonly device: string; readonly by: string };
  /** QEMU attaches it at no speed. */
  'device-unsupported': RefusedEvidence;
  /** It was placed, below its native speed, as was allowed. */
  'placed-slower': {
    readonly device: string;
    readonly native: SpeedWord;
    readonly speed: SpeedWord;
    readonly bus: string;
    readonly port: string;
  };
}

export const plannerCatalog: Catalog<PlannerEvidence> = {
  'no-port': {
    kind: 'no-plan',
    text: (e) => ({
      what: `no port for ${e.device} (${SPEED[e.native]})`,
      where: pinText(e),
      why: noPortWhy(e),
      fix: fixText(e),
    }),
  },
  'only-slower': {
    kind: 'no-plan',
    text: (e) => ({
      what: `only slower ports are left for ${e.device}`,
      where: pinText(e),
      why: `it is a ${SPEED[e.native]} device, and would run at ${SPEED[e.best ?? 'low']}`,
      fix: fixText(e),
    }),
  },
  'pin-unknown': { kind: 'usage', text: pinUnknown },
  'pin-taken': {
    kind: 'no-plan',
    text: (e) => ({
      what: `the port fixed for ${e.device} is in use`,
      where: pinText(e),
      why: occupied(e),
      fix: fixText(e),
    }),
  },
  'pin-mismatch': {
    kind: 'no-plan',
    text: (e) => ({
      what: `the port fixed for ${e.device} does not take its speed`,
      where: pinText(e),
      why: mismatchWhy(e),
      fix: fixText(e),
    }),
  },
  'hub-too-deep': {
    kind: 'no-plan',
    text: (e) => ({
      what: `no port for ${e.device}: too many hubs in a chain`,
      where: pinText(e),
      why: 'QEMU connects at most five hubs in a row',
      fix: fixText(e),
    }),
  },
  'controller-full': {
    kind: 'no-plan',
    text: (e) => ({
      what: `no room for ${e.device}: its controller is full`,
      where: pinText(e),
      why: `a guest can number ${e.slots ?? 64} devices on one xHCI controller, hubs included, and these are in use`,
      fix: fixText(e),
    }),
  },
  'placed-elsewhere': {
    kind: 'no-plan',
    text: (e) => ({
      what: `${e.device} is not where it was`,
      where: `${printable(e.bus)} port ${printable(e.port)}`,
      why: `it was on ${printable(e.home.bus)} port ${printable(e.home.port)}; ${whyNotHome(e.because)}`,
    }),
  },
  'kept-port-taken': {
    kind: 'no-plan',
    text: (e) => ({
      what: `a port kept for ${e.device} was taken`,
      where: `${printable(e.bus)} port ${printable(e.port)}`,
      why: `ports are scarce, and ${printable(e.by)} would have none without it, a slower one, or not its own`,
    }),
  },
  'device-unsupported': {
    kind: 'no-plan',
    text: (e) => ({
      what: `QEMU cannot attach ${e.device}`,
      why: 'there is no speed at which it would take this device',
    }),
  },
  'placed-slower': {
    kind: 'no-plan',
    text: (e) => ({
      what: `${e.device} runs slower than it could`,
      where: `${printable(e.bus)} port ${printable(e.port)}`,
      why: `${SPEED[e.speed]} instead of ${SPEED[e.native]}, since no faster port is free and slower was allowed`,
    }),
  },
};

function whyNotHome({ verdict, by, for: away, slots }: PlannerEvidence['placed-elsewhere']['because']): string {
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

const SPEED: Readonly<Record<SpeedWord, string>> = {
  low: 'low-speed, 1.5 Mb/s',
  full: 'full-speed, 12 Mb/s',
  high: 'high-speed, 480 Mb/s',
  super: 'SuperSpeed, 5000 Mb/s',
};

const NAME: Readonly<Record<SpeedWord, string>> = {
  low: 'low-speed',
  full: 'full-speed',
  high: 'high-speed',
  super: 'SuperSpeed',
};

function pinText({ controller, port }: RefusedEvidence): string | undefined {
  if (controller === undefined && port === undefined) return undefined;
  const parts = [
    ...(controller === undefined ? [] : [printable(controller)]),
    ...(port === undefined ? [] : [`port ${printable(port)}`]),
  ];
  return parts.join(' ');
}

const HUB_IS_FULL_SPEED = "QEMU's usb-hub is a full-speed device";
const HUB_PLACES =
  'it can go on a port of a UHCI, OHCI or xHCI controller, on an EHCI port that has a companion, or behind another hub';

function noPortWhy(e: RefusedEvidence): string {
  if (e.ports.length === 0) return 'the VM has no USB port that qplug knows';
  if (e.takenBy.length > 0 || e.unsure.length > 0) return `every port that takes its speed is in use: ${occupied(e)}`;
  if (e.hub) return `${HUB_IS_FULL_SPEED}, and a bare EHCI port takes only high-speed ones; ${hubPlaces(e)}`;
  return `no port takes a ${NAME[e.native]} device`;
}

function mismatchWhy(e: RefusedEvidence): string {
  const takes = `takes only ${e.accepts.map((speed) => NAME[speed]).join(' and ')}`;
  if (!e.hub) return `it is a ${NAME[e.native]} device, and the port ${takes} ones${elsewhere(e)}`;
  const port = e.accepts.join() === 'high' ? 'a bare EHCI port takes only high-speed' : `this port ${takes}`;
  return `${HUB_IS_FULL_SPEED}, and ${port} ones; ${hubPlaces(e)}`;
}

function hubPlaces(e: RefusedEvidence): string {
  return e.alternatives.length === 0 ? HUB_PLACES : `it can go on ${list(e.alternatives)}`;
}

function elsewhere({ alternatives }: RefusedEvidence): string {
  return alternatives.length === 0 ? '' : `; free for it: ${list(alternatives)}`;
}

function occupied({ takenBy, unsure }: RefusedEvidence): string {
  const parts = [
    ...(takenBy.length === 0 ? [] : [`by ${list(takenBy)}`]),
    ...(unsure.length === 0 ? [] : [`perhaps by ${list(unsure)}, whose port QEMU does not tell`]),
  ];
  return parts.join(', ');
}

function pinUnknown(e: RefusedEvidence): Text {
  const known = e.controller === undefined || e.ports.length > 0;
  if (known) {
    return {
      what: `no such port for ${e.device}`,
      where: pinText(e),
      why: `there are ${list(e.ports)}`,
      fix: fixText(e),
    };
  }
  const meant = nearest(e.controller ?? '', e.controllers);
  return {
    what: `no such controller for ${e.device}, or none that qplug knows`,
    where: pinText(e),
    why: e.controllers.length === 0 ? 'the VM has no USB controller' : `there are ${list(e.controllers)}`,
    fix: meant === undefined || meant === e.controller ? fixText(e) : `controller: ${printable(meant)}`,
  };
}

/** At most eight names, all safe to print. */
function list(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((name) => printable(name, 80));
  return names.length > 8 ? `${shown.join(', ')} and ${names.length - 8} more` : shown.join(', ');
}

function fixText({ fix, vm, controller, port }: RefusedEvidence): string | undefined {
  switch (fix.fix) {
    case 'none':
      return undefined;
    case 'allow-slower':
      return `--slower allow, or "slower: allow" on the device in the VM file (${SPEED[fix.speed]})`;
    case 'grow':
      return `set "grow: [${fix.what}]" under usb in the VM file`;
    case 'detach':
      return `qplug detach ${printable(vm)} ${printable(fix.device)}`;
    case 'unpin': {
      const words = [...(controller === undefined ? [] : ['controller']), ...(port === undefined ? [] : ['port'])];
      return `leave out ${words.map((word) => `--${word}`).join(' and ')} (in the VM file: ${words.map((word) => `"${word}:"`).join(' and ')})`;
    }
    case 'add-controller': {
      if (fix.bus === undefined) return `add "- { model: ${fix.model} }" under usb.controllers`;
      const properties = JSON.stringify({ driver: fix.model, id: fix.id, bus: fix.bus });
      return `qplug qmp ${printable(vm)} device_add '${printable(properties.replaceAll("'", "'\\''"))}'`;
    }
  }
}
