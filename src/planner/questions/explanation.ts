import type { Speed } from '../../qdev/index.js';
import type { Change, Fix, RefusalReason, Verdict } from '../plan.js';

/** Why one device of a plan is where it is, or nowhere. Data alone; made by `explain`. */
export interface Explanation {
  readonly key: string;
  /** Printable. */
  readonly label: string;
  /** Its speed on the host, or the best that an emulated one can. */
  readonly native: Speed;
  /** Undefined where it was refused. */
  readonly place: Place | undefined;
  /** Undefined where it has a place. */
  readonly refusal: { readonly reason: RefusalReason; readonly fix: Fix } | undefined;
  /** The verdict on every port of the VM as it is after the plan, by controller and number. */
  readonly ports: readonly VerdictRun[];
  /** Why this place; undefined where it was refused. */
  readonly why: Why | undefined;
  /** What would change it, cheap changes first. Each was tried, by planning with it. What was tried in vain is not among them. */
  readonly changes: readonly WhatIf[];
}

/** A port and the speed at which a device runs there. */
export interface Place {
  readonly bus: string;
  readonly port: string;
  readonly speed: Speed;
}

/** Ports of one root hub or hub, one after the other, on which the verdict is the same: one port where `first` is `last`. */
export interface VerdictRun {
  readonly bus: string;
  /** QEMU's paths. */
  readonly first: string;
  readonly last: string;
  readonly verdict: Verdict;
}

/**
 * What decided. `pin`: the user fixed the port. `only`: no other port was free for it. `objective`: the best other port, with all else
 * planned anew around it, would be worse by this objective, and equal in those before it; figures are better when they are less. `alike`:
 * it would be as good, and this one comes first.
 */
export type Why =
  | { readonly why: 'pin' }
  | { readonly why: 'only' }
  | {
      readonly why: 'objective';
      readonly objective: Objective;
      readonly chosen: number;
      readonly other: number;
      readonly over: Place;
    }
  | { readonly why: 'alike'; readonly over: Place };

/** A change and what comes of it for the device. */
export interface WhatIf {
  readonly change: Change | OtherChange;
  /** Undefined where it would be refused. */
  readonly place: Place | undefined;
  /** Labels of other devices that have a port in the plan, and would not have one then. */
  readonly lost: readonly string[];
}

/** Changes that are no fixes. */
export type OtherChange =
  /** Fewer fast ports kept for devices to come; the greatest number that makes a difference. */
  | { readonly fix: 'reserve'; readonly reserve: number }
  /** Another device of the request is left out. */
  | { readonly fix: 'without'; readonly key: string; readonly label: string };

/**
 * The objectives, weightiest first (docs/planner.md). Their figures: devices without a port (mandatory, of these pinned, optional, of
 * these pinned) · devices slower than native, and by how many speed classes · remembered devices that are not at home · kept ports that
 * are taken · added controllers · slow devices that crowd fast ports · whether the last place for slow devices is gone · added hubs ·
 * ports left free that carry SuperSpeed, high speed, full speed, each less than nothing · slow devices on fast ports · depth of all
 * ports that are used · their controllers' places in the list.
 */
export const OBJECTIVES = [
  'mandatory',
  'mandatory-pinned',
  'optional',
  'optional-pinned',
  'slower',
  'speed-classes',
  'home',
  'kept',
  'controllers',
  'crowding',
  'last-place',
  'hubs',
  'super-free',
  'high-free',
  'full-free',
  'slow-on-fast',
  'depth',
  'order',
] as const;

/** One of `OBJECTIVES`, which stand in their order. */
export type Objective = (typeof OBJECTIVES)[number];
