import type { ControllerModel, ControllerSpec, Speed, Topology } from '../qdev/index.js';
import type { KeptPort, PortName } from './request.js';

/**
 * What the planner thought of one port for one device. Which speeds meet is QEMU's rule (usb_check_attach in hw/usb/bus.c), the length of
 * a hub chain too (hw/usb/dev-hub.c); the rest is the planner's own.
 */
export type Verdict =
  | { readonly verdict: 'chosen'; readonly speed: Speed }
  /** It would have done as well; another was preferred. */
  | { readonly verdict: 'possible'; readonly speed: Speed }
  /** Kept for faster devices. */
  | { readonly verdict: 'reserved'; readonly speed: Speed }
  /** Attaches below native speed. */
  | { readonly verdict: 'slower'; readonly speed: Speed }
  /** No speed in common: QEMU would refuse. */
  | { readonly verdict: 'speed-mismatch' }
  /** Occupied before, or given to another device of this plan. `by` is an id, a QOM type or a label; ids of others are untrusted. */
  | { readonly verdict: 'taken'; readonly by: string }
  /** A device whose port QEMU does not tell may sit here. */
  | { readonly verdict: 'unsure'; readonly by: string }
  /** Not the port that the user fixed. */
  | { readonly verdict: 'not-pinned' }
  /** A hub would be the sixth in its chain. */
  | { readonly verdict: 'hub-too-deep' }
  /** Kept for a device that is away, `for` being what people call it. */
  | { readonly verdict: 'kept'; readonly speed: Speed; readonly for: string }
  /** The port is free, but a guest could number no device more on this controller. */
  | { readonly verdict: 'controller-full'; readonly slots: number };

/** A port that was looked at for a device. */
export interface Candidate {
  readonly bus: string;
  readonly port: string;
  readonly verdict: Verdict;
}

/** A device that has a port. */
export interface Placement {
  readonly key: string;
  readonly label: string;
  readonly bus: string;
  readonly port: string;
  readonly speed: Speed;
  readonly native: Speed;
  /** Where it was remembered, when it is not there now and no pin led it away. */
  readonly home?: PortName | undefined;
  /** Every port of the VM as it is after the plan, by controller and number. Worked out when it is first read. */
  readonly candidates: readonly Candidate[];
}

/** A hub that the plan adds by itself, before the devices behind it. */
export interface AddedHub {
  readonly id: string;
  readonly bus: string;
  readonly port: string;
  /** How many ports it has, 1–8. */
  readonly ports: number;
}

/** A port that was kept for a device that is away, and had to be taken. */
export interface KeptPortTaken extends KeptPort {
  /** The label of the device that has it now, or the id of an added hub. */
  readonly by: string;
}

/**
 * One change to what was asked, or to the VM. `withFix` makes it. Cheap ones first: the device's own line, then a permission, then
 * the VM's controllers, then other devices (docs/planner.md).
 */
export type Change =
  /** Another place. `controller` is the id, or the bus where it has none. What is undefined was not fixed, and is not to be. */
  | { readonly fix: 'repin'; readonly controller?: string | undefined; readonly port?: string | undefined }
  | { readonly fix: 'unpin' }
  | { readonly fix: 'allow-slower'; readonly speed: Speed }
  /** All that may be added then, so that it can be written down as it is. */
  | { readonly fix: 'grow'; readonly what: 'hubs' | 'controllers' | 'both' }
  /** The most ports that this controller can have, of every speed that it has: 15. Only before the VM starts. */
  | { readonly fix: 'more-ports'; readonly controller: string; readonly rule: 'xhci' | 'ohci'; readonly ports: number }
  /** The EHCI controller of this id becomes an ICH9 group with three UHCI companions. Only before the VM starts. */
  | { readonly fix: 'add-companions'; readonly controller: string }
  /** `bus`: where it can be hot-plugged; undefined when there is no VM running yet. `id`: one that is not in use. */
  | {
      readonly fix: 'add-controller';
      readonly model: ControllerModel;
      readonly id: string;
      readonly bus?: string | undefined;
    }
  /** The id of a device that is attached, or its QOM path where it has none. */
  | { readonly fix: 'detach'; readonly device: string };

/** The cheapest change that makes room. Each was tried: with it, the device has a port and none lost its own. */
export type Fix =
  | Change
  /** No single one does; these two together do. */
  | { readonly fix: 'both'; readonly changes: readonly [Change, Change] }
  /**
   * `no-speed`: QEMU attaches it nowhere. `nothing-helps`: each change was tried, alone and with a second one. `not-sought`: the
   * request is too big to try them all.
   */
  | { readonly fix: 'none'; readonly because: 'no-speed' | 'nothing-helps' | 'not-sought' };

/**
 * Why a device has no port. `no-port`: every port that would take it is in use. `only-slower`: there is room, but only below
 * its native speed. `pin-unknown`: no such controller or port. `pin-taken`: the port is in use. `pin-mismatch`: the port,
 * or no port of the controller, takes its speed. `hub-too-deep`: a hub would be the sixth of its chain. `no-speed`: QEMU attaches
 * it nowhere. `controller-full`: there is a port, but a guest could number no device more on its controller.
 */
export type RefusalReason =
  | 'no-port'
  | 'only-slower'
  | 'pin-unknown'
  | 'pin-taken'
  | 'pin-mismatch'
  | 'hub-too-deep'
  | 'controller-full'
  | 'no-speed';

/** A device that has none, and why. */
export interface Refusal {
  readonly key: string;
  readonly label: string;
  readonly mandatory: boolean;
  readonly native: Speed;
  /** Whether it is a usb-hub. */
  readonly hub: boolean;
  /** The controller and port that the user fixed. */
  readonly pin?: { readonly controller?: string | undefined; readonly port?: string | undefined } | undefined;
  readonly reason: RefusalReason;
  /** Every port of the VM, see `Placement`. */
  readonly candidates: readonly Candidate[];
  /** Free ports that would take it at its native speed, were it not pinned. */
  readonly alternatives: readonly { readonly bus: string; readonly port: string }[];
  /** Worked out when it is first read, by planning again. */
  readonly fix: Fix;
}

/** One thing to add. */
export type PlanStep =
  | { readonly add: 'controller'; readonly controller: ControllerSpec }
  | { readonly add: 'hub'; readonly hub: AddedHub }
  | { readonly add: 'device'; readonly placement: Placement };

/** Where everything goes. A value: nothing of it is applied to any VM. */
export interface Plan {
  /** Hubs that were asked for come first, parents before children; the rest by key. */
  readonly placements: readonly Placement[];
  /** By key. */
  readonly refusals: readonly Refusal[];
  /** Kept ports that had to be taken, by controller, then number. */
  readonly keptTaken: readonly KeptPortTaken[];
  /** To add, in this order, before any hub. */
  readonly controllers: readonly ControllerSpec[];
  /** To add, parents first. */
  readonly hubs: readonly AddedHub[];
  /** All of the above in an order that works: controllers, then hubs of both kinds with parents first, then devices. */
  readonly steps: readonly PlanStep[];
  /** How the VM looks when the plan was applied. */
  readonly after: Topology;
  /** Free ports of it that a slow device would not be given: the reserve keeps them for fast ones. Worked out when first read. */
  readonly reserved: readonly PortName[];
  /** Ports of the request's `kept` that the plan leaves free for the devices that are away. */
  readonly kept: readonly KeptPort[];
}
