import type { Text } from '../../finding.js';
import {
  BARE_EHCI,
  type FixContext,
  HUB_IS_FULL_SPEED,
  type PlannerFix,
  plannerFix,
  SPEED,
  type SpeedWord,
} from '../../planner-fix.js';
import { printable } from '../../printable.js';

/** Why a device has no port. */
export interface RefusedEvidence extends FixContext {
  /** The device's label: printable. */
  readonly device: string;
  readonly hub: boolean;
  readonly native: SpeedWord;
  /** The devices on ports that it could use. */
  readonly takenBy: readonly string[];
  /** Devices of unknown port that may be on ports that it could use. */
  readonly unsure: readonly string[];
  /** How many devices a guest can number on a controller that has a port for it, where these are all in use. */
  readonly slots?: number | undefined;
  /** The fastest speed that a free port offers, if below its native speed. */
  readonly best?: SpeedWord | undefined;
  /** The speeds of the pinned port, or of all ports of the pinned controller; empty without a pin. */
  readonly accepts: readonly SpeedWord[];
  /** Free ports that would take it without the pin: `xhci.0 ports 1-4`. */
  readonly alternatives: readonly string[];
  /** The controllers of the VM by id, or by bus without an id. */
  readonly controllers: readonly string[];
  /** The ports of the pinned controller, or of all controllers. */
  readonly ports: readonly string[];
  readonly fix: PlannerFix;
}

const HELPLESS: Readonly<Record<Extract<PlannerFix, { fix: 'none' }>['because'], (e: RefusedEvidence) => string>> = {
  'no-speed': () => 'QEMU attaches it at none of its speeds',
  'nothing-helps': ({ running }) =>
    running ? 'no change to the running VM makes room for it' : 'no change to the VM makes room for it',
  'not-sought': () => 'the VM is too big to try every change',
};

const NAME: Readonly<Record<SpeedWord, string>> = {
  low: 'low-speed',
  full: 'full-speed',
  high: 'high-speed',
  super: 'SuperSpeed',
};

const HUB_PLACES =
  'it can go on a port of a UHCI, OHCI or xHCI controller, on an EHCI port that has a companion, or behind another hub';

export const ports = {
  /** Every port that would take it is in use, or no port does. */
  'no-port': {
    kind: 'no-plan',
    text: (e: RefusedEvidence): Text => refused(e, `no port for ${e.device} (${SPEED[e.native]})`, noPortWhy(e)),
  },
  /** There is room, but only below its native speed. */
  'only-slower': {
    kind: 'no-plan',
    text: (e: RefusedEvidence): Text =>
      refused(
        e,
        `only slower ports are left for ${e.device}`,
        `it is a ${SPEED[e.native]} device, and would run at ${SPEED[e.best ?? 'low']}`,
      ),
  },
  'pin-unknown': { kind: 'usage', text: (e: RefusedEvidence): Text => pinUnknown(e) },
  /** The port is in use. */
  'pin-taken': {
    kind: 'no-plan',
    text: (e: RefusedEvidence): Text => refused(e, `the port fixed for ${e.device}${inFile(e)} is in use`, occupied(e)),
  },
  /** The port, or no port of the controller, takes its speed. */
  'pin-mismatch': {
    kind: 'no-plan',
    text: (e: RefusedEvidence): Text =>
      refused(
        e,
        e.port === undefined
          ? `no port of the controller fixed for ${e.device}${inFile(e)} takes its speed`
          : `the port fixed for ${e.device}${inFile(e)} does not take its speed`,
        mismatchWhy(e),
      ),
  },
  /** It would be the sixth hub of a chain. */
  'hub-too-deep': {
    kind: 'no-plan',
    text: (e: RefusedEvidence): Text =>
      refused(e, `no port for ${e.device}: too many hubs in a chain`, 'QEMU connects at most five hubs in a row'),
  },
  /** There is a port, but its controller has as many devices as a guest can number. */
  'controller-full': {
    kind: 'no-plan',
    text: (e: RefusedEvidence): Text =>
      refused(
        e,
        `no room for ${e.device}: its controller is full`,
        `a guest can number ${e.slots ?? 64} devices on one xHCI controller, hubs included, and these are in use`,
      ),
  },
  /** QEMU attaches it at none of its speeds. */
  'device-unsupported': {
    kind: 'no-plan',
    text: (e: RefusedEvidence): Text => ({
      what: `QEMU can't attach ${e.device}`,
      why: 'QEMU supports none of the speeds of this device',
    }),
  },
} as const;

/** Adds to `why` that no change helps, where that is so. */
function refused(e: RefusedEvidence, what: string, why: string): Text {
  // for a device of a VM file `where` is its line there; for a typed one it is the pin
  const where = e.running ? pinText(e) : undefined;
  return e.fix.fix === 'none'
    ? { what, where, why: `${why}; ${HELPLESS[e.fix.because](e)}` }
    : { what, where, why, fix: plannerFix(e.fix, e) };
}

/** @returns the pin between commas, for a VM file: there `where` is the line of the file instead */
function inFile(e: RefusedEvidence): string {
  return e.running ? '' : `, ${pinText(e)},`;
}

function pinText({ controller, port }: RefusedEvidence): string | undefined {
  if (controller === undefined && port === undefined) return undefined;
  const parts = [
    ...(controller === undefined ? [] : [printable(controller)]),
    ...(port === undefined ? [] : [`port ${printable(port)}`]),
  ];
  return parts.join(' ');
}

function noPortWhy(e: RefusedEvidence): string {
  if (e.ports.length === 0) return 'the VM has no USB port that qplug knows';
  if (e.takenBy.length > 0 || e.unsure.length > 0) return `every port that takes its speed is in use: ${occupied(e)}`;
  if (e.hub) return `${HUB_IS_FULL_SPEED}, and ${BARE_EHCI}; ${hubPlaces(e)}`;
  return `no port takes a ${NAME[e.native]} device`;
}

function mismatchWhy(e: RefusedEvidence): string {
  const takes = `takes only ${e.accepts.map((speed) => NAME[speed]).join(' and ')} ones`;
  const what = e.hub ? HUB_IS_FULL_SPEED : `it is a ${NAME[e.native]} device`;
  const port =
    e.accepts.join() === 'high' ? BARE_EHCI : e.port === undefined ? `each port ${takes}` : `the port ${takes}`;
  return `${what}, and ${port}${e.hub ? `; ${hubPlaces(e)}` : elsewhere(e)}`;
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
    ...(unsure.length === 0 ? [] : [`perhaps by ${list(unsure)}, whose port QEMU does not report`]),
  ];
  return parts.join(', ');
}

function pinUnknown(e: RefusedEvidence): Text {
  if (e.controller === undefined || e.ports.length > 0) {
    return refused(e, `there is no ${pinText(e)} for ${e.device}`, `there are ${list(e.ports)}`);
  }
  const there = e.controllers.length === 0 ? 'the VM has no USB controller' : `there are ${list(e.controllers)}`;
  return refused(e, `there is no controller ${pinText(e)} for ${e.device}, or none that qplug knows`, there);
}

/** At most eight names, all safe to print. */
function list(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((name) => printable(name, 80));
  return names.length > 8 ? `${shown.join(', ')} and ${names.length - 8} more` : shown.join(', ');
}
