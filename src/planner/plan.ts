import type { ControllerModel, ControllerSpec, Speed, Topology } from '../qdev/index.js';
import type { KeptPort, PortName } from './request.js';

/**
 * The planner's judgement of one port for one device. QEMU decides which speeds match (usb_check_attach in hw/usb/bus.c) and how long a
 * chain of hubs may be (hw/usb/dev-hub.c); the planner decides the rest.
 */
export type Verdict =
  | { readonly verdict: 'chosen'; readonly speed: Speed }
  /** The port would have done as well, but the planner preferred another. */
  | { readonly verdict: 'possible'; readonly speed: Speed }
  /** The planner keeps the port for faster devices. */
  | { readonly verdict: 'reserved'; readonly speed: Speed }
  /** The device would attach below its native speed. */
  | { readonly verdict: 'slower'; readonly speed: Speed }
  /** The device and the port have no speed in common, so QEMU would refuse. */
  | { readonly verdict: 'speed-mismatch' }
  /**
   * Already occupied, or given to another device of this plan. `by` is an id, a QOM type or a label; an id that qplug did not choose is
   * untrusted.
   */
  | { readonly verdict: 'taken'; readonly by: string }
  /** A device whose port QEMU does not report may be on this port. */
  | { readonly verdict: 'unsure'; readonly by: string }
  /** Not the port that the user fixed. */
  | { readonly verdict: 'not-pinned' }
  /** A hub would be the sixth in its chain. */
  | { readonly verdict: 'hub-too-deep' }
  /** The port is kept for a device that is away; `for` is what people call that device. */
  | { readonly verdict: 'kept'; readonly speed: Speed; readonly for: string }
  /** The port is free, but a guest could give no further device on this controller a number. */
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
  /** The port remembered for it, if it is on another port now and no pin is the cause. */
  readonly home?: PortName | undefined;
  /** Every port that the VM has after the plan, by controller and number. Computed when first read. */
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

/** A port that was kept for a device that is away, but that another device or hub had to take. */
export interface KeptPortTaken extends KeptPort {
  /** The label of the device that has it now, or the id of an added hub. */
  readonly by: string;
}

/**
 * One change to the request or to the VM; `withFix` makes it. Cheap changes come first: the device's own line, then a permission, then the
 * VM's controllers, then other devices (docs/planner.md).
 */
export type PlanChange =
  /**
   * Another place. `controller` is the id, or the bus where the controller has no id. A field that is undefined was not pinned and stays
   * unpinned.
   */
  | { readonly fix: 'repin'; readonly controller?: string | undefined; readonly port?: string | undefined }
  | { readonly fix: 'unpin' }
  | { readonly fix: 'allow-slower'; readonly speed: Speed }
  /** `what` is everything that may be added after the change, so that it can be written into the VM file as it is. */
  | { readonly fix: 'grow'; readonly what: 'hubs' | 'controllers' | 'both' }
  /** Gives the controller the most ports of every speed that it can have, which is 15. Only before the VM starts. */
  | { readonly fix: 'more-ports'; readonly controller: string; readonly rule: 'xhci' | 'ohci'; readonly ports: number }
  /** The EHCI controller of this id becomes an ICH9 group with three UHCI companions. Only before the VM starts. */
  | { readonly fix: 'add-companions'; readonly controller: string }
  /** `bus`: where the controller can be hot-plugged; undefined when no VM runs yet. `id`: an id that is not in use. */
  | {
      readonly fix: 'add-controller';
      readonly model: ControllerModel;
      readonly id: string;
      readonly bus?: string | undefined;
    }
  /** The id of a device that is attached, or its QOM path where it has none. */
  | { readonly fix: 'detach'; readonly device: string };

/** The cheapest change that makes room. The planner tried it: with it, the device has a port and no other device loses its own. */
export type PlanFix =
  | PlanChange
  /** No single change helps, but these two together do. */
  | { readonly fix: 'both'; readonly changes: readonly [PlanChange, PlanChange] }
  /**
   * `no-speed`: QEMU attaches the device nowhere. `nothing-helps`: the planner tried each change, alone and with a second one.
   * `not-sought`: the request is too big to try them all.
   */
  | { readonly fix: 'none'; readonly because: 'no-speed' | 'nothing-helps' | 'not-sought' };

/**
 * Why a device has no port. `no-port`: every port that would take it is in use. `only-slower`: there is room, but only below its native
 * speed. `pin-unknown`: no such controller or port. `pin-taken`: the port is in use. `pin-mismatch`: the fixed port does not take its
 * speed, or no port of the fixed controller does. `hub-too-deep`: a hub would be the sixth of its chain. `no-speed`: QEMU attaches it
 * nowhere. `controller-full`: there is a free port, but a guest could give no further device on its controller a number.
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

/** A device that has no port, and why. */
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
  /** Free ports that would take it at its native speed if it were not pinned. */
  readonly alternatives: readonly { readonly bus: string; readonly port: string }[];
  /** Computed when first read, by planning again. */
  readonly fix: PlanFix;
}

/** One thing to add. */
export type PlanStep =
  | { readonly add: 'controller'; readonly controller: ControllerSpec }
  | { readonly add: 'hub'; readonly hub: AddedHub }
  | { readonly add: 'device'; readonly placement: Placement };

/** Where everything goes. A plan is a value: the planner applies none of it to a VM. */
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
  /** Everything to add, in an order that works: controllers, then hubs of both kinds with parents first, then devices. */
  readonly steps: readonly PlanStep[];
  /** The VM with the plan applied. */
  readonly after: Topology;
  /** Free ports of `after` that a slow device would not get, because the reserve keeps them for fast devices. Computed when first read. */
  readonly reserved: readonly PortName[];
  /** Ports of the request's `kept` that the plan leaves free for the devices that are away. */
  readonly kept: readonly KeptPort[];
}
