import type { Speed } from '../../qdev/index.js';
import type { PlanChange, PlanFix, RefusalReason, Verdict } from '../plan.js';

/** Why one device of a plan is where it is, or why it has no port. It is plain data, made by `explain`. */
export interface Explanation {
  readonly key: string;
  /** Printable. */
  readonly label: string;
  /** Its speed on the host, or the best speed that an emulated device can reach. */
  readonly native: Speed;
  /** Undefined if the device was refused. */
  readonly place: PortAtSpeed | undefined;
  /** Undefined if the device has a place. */
  readonly refusal: { readonly reason: RefusalReason; readonly fix: PlanFix } | undefined;
  /** The verdict on every port that the VM has after the plan, by controller and number. */
  readonly ports: readonly VerdictRun[];
  /** Why the device is at this place; undefined if it was refused. */
  readonly why: Why | undefined;
  /**
   * The changes that would give another result, cheap ones first. The planner tried each of them; changes that make no difference are left
   * out.
   */
  readonly changes: readonly WhatIf[];
}

/** A port and the speed at which a device runs there. */
export interface PortAtSpeed {
  readonly bus: string;
  readonly port: string;
  readonly speed: Speed;
}

/** Ports of one root hub or hub that follow one another and have the same verdict; a single port where `first` is `last`. */
export interface VerdictRun {
  readonly bus: string;
  /** QEMU's paths. */
  readonly first: string;
  readonly last: string;
  readonly verdict: Verdict;
}

/**
 * What decided. `pin`: the user fixed the port. `only`: no other port was free for the device. `objective`: the best other port, with
 * everything else planned again around it, would be worse by this objective and equal in all objectives before it; lower figures are
 * better. `alike`: the other port would be as good, and the chosen one comes first in the order.
 */
export type Why =
  | { readonly why: 'pin' }
  | { readonly why: 'only' }
  | {
      readonly why: 'objective';
      readonly objective: Objective;
      readonly chosen: number;
      readonly other: number;
      readonly over: PortAtSpeed;
    }
  | { readonly why: 'alike'; readonly over: PortAtSpeed };

/** A change, and its result for the device. */
export interface WhatIf {
  readonly change: PlanChange | OtherChange;
  /** Undefined if the device would be refused. */
  readonly place: PortAtSpeed | undefined;
  /** Labels of other devices that have a port in the plan and would lose it. */
  readonly lost: readonly string[];
}

/** Changes that are not fixes. */
export type OtherChange =
  /** Fewer fast ports are kept for future devices; this is the greatest number that makes a difference. */
  | { readonly fix: 'reserve'; readonly reserve: number }
  /** Another device of the request is left out. */
  | { readonly fix: 'without'; readonly key: string; readonly label: string };

/**
 * The objectives, weightiest first (docs/planner.md). Their figures: devices without a port (mandatory, of these pinned, optional, of these
 * pinned) · devices slower than native, and by how many speed classes · remembered devices that are not at home · kept ports that are taken
 * · added controllers · slow devices that crowd fast ports · whether the last place for slow devices is gone · added hubs · ports left free
 * that carry SuperSpeed, high speed, full speed (each count is negative) · slow devices on fast ports · depth of all ports that are used ·
 * places of their controllers in the list.
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

/** One of `OBJECTIVES`. */
export type Objective = (typeof OBJECTIVES)[number];
