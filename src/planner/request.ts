import type { ControllerSpec, Speed, SpeedMask, Topology } from '../qdev/index.js';

/** One device that wants a port. */
export interface DeviceRequest {
  /** Names the device in the plan; unique in a request. Order of keys (by code units) decides ties alone. */
  readonly key: string;
  /** How people call it (already printable). */
  readonly label: string;
  /** Speeds at which QEMU attaches it. */
  readonly mask: SpeedMask;
  /** Its speed on the host, or for an emulated device the best that it can. Anything below is "slower". */
  readonly native: Speed;
  readonly mandatory: boolean;
  readonly slower: 'refuse' | 'allow';
  /** The controller's id or bus name, and the port path, that the user fixed. */
  readonly pin?: { readonly controller?: string | undefined; readonly port?: string | undefined } | undefined;
  /**
   * Where it was when the VM ran last. It goes there again where that costs no other device its port and nobody any speed; a hub
   * on the way that is gone is added anew.
   */
  readonly home?: PortName | undefined;
  /** A usb-hub that the user asked for: its port count, 1–8. Devices of the same request may be pinned behind it. */
  readonly hubPorts?: number | undefined;
  /** The qdev id and QOM type that it will have in the VM, for `Plan.after`; by default none, and `usb-host` or `usb-hub`. */
  readonly id?: string | undefined;
  readonly driver?: string | undefined;
}

/** A port by its bus and QEMU's path. */
export interface PortName {
  readonly bus: string;
  readonly port: string;
}

/** A port that is kept for a device that is away, so that it finds its place when it comes back. */
export interface KeptPort extends PortName {
  /** What people call the device that is away (already printable). */
  readonly label: string;
}

/** What may be added to find room. */
export interface Growth {
  readonly hubs: boolean;
  /** Controllers that could be added, in order of preference; the planner uses the first so many. */
  readonly controllers: readonly ControllerSpec[];
}

/** What is asked of the planner. */
export interface PlanRequest {
  /** What is there already, with all that sits on it; nothing of it is ever moved. */
  readonly topology: Topology;
  readonly growth: Growth;
  readonly devices: readonly DeviceRequest[];
  /** Ports kept for devices that are away: taken only where a device would else have no port, or a slower one. */
  readonly kept?: readonly KeptPort[] | undefined;
  /** How many fast ports to keep for devices to come (docs/planner.md, "The reserve"). Default 4. */
  readonly reserve?: number | undefined;
  /** What could be changed, for fixes; by default it is read off the topology. */
  readonly leeway?: Leeway | undefined;
}

/** What a person could still change about a VM. It decides nothing but which fixes are told. */
export interface Leeway {
  /** Whether the VM runs. Default: a controller has a QOM path, or there is a place for hot plug. */
  readonly running?: boolean | undefined;
  /** Controllers that would be in `growth` if it were allowed. Default: up to four `qemu-xhci`; in a running VM, one in each slot. */
  readonly growable?: readonly ControllerSpec[] | undefined;
  /** Whether controllers can be added otherwise. Default: yes. */
  readonly addable?: boolean | undefined;
  /** Ids of the EHCI controllers that can have companions. Default: all that have an id. */
  readonly companions?: readonly string[] | undefined;
}
