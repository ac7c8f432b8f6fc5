import type { ControllerSpec, Speed, SpeedMask, Topology } from '../qdev/index.js';

/** One device that wants a port. */
export interface DeviceRequest {
  /** Names the device in the plan; unique in a request. Nothing but the order of keys (by code units) decides ties. */
  readonly key: string;
  /** How people call it (already printable). */
  readonly label: string;
  /** Speeds at which QEMU attaches it. */
  readonly mask: SpeedMask;
  /** Its speed on the host, or the best speed that an emulated device can reach. A lower speed is "slower". */
  readonly native: Speed;
  readonly mandatory: boolean;
  readonly slower: 'refuse' | 'allow';
  /** The controller (id or bus name) and the port path that the user fixed. */
  readonly pin?: { readonly controller?: string | undefined; readonly port?: string | undefined } | undefined;
  /**
   * Where the device was when the VM last ran. It returns there if that costs no other device its port and no device any speed. If a hub on
   * the way is gone, the plan adds it again.
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

/** A port that is kept for a device that is away, so that the device finds its place when it returns. */
export interface KeptPort extends PortName {
  /** What people call the device that is away (already printable). */
  readonly label: string;
}

/** What may be added to find room. */
export interface Growth {
  readonly hubs: boolean;
  /** Controllers that could be added, in order of preference; the planner uses as many as it needs, from the first. */
  readonly controllers: readonly ControllerSpec[];
}

/** What the caller asks of the planner. */
export interface PlanRequest {
  /** The VM as it is, with every device on it; the planner moves none of them. */
  readonly topology: Topology;
  readonly growth: Growth;
  readonly devices: readonly DeviceRequest[];
  /** Ports kept for devices that are away: taken only where a device would otherwise have no port, or a slower one. */
  readonly kept?: readonly KeptPort[] | undefined;
  /** How many fast ports to keep for future devices (docs/planner.md, "The reserve"). Default 4. */
  readonly reserve?: number | undefined;
  /** What could be changed; the fixes need this. By default the topology decides. */
  readonly leeway?: Leeway | undefined;
}

/** What a person could still change about a VM. It decides only which fixes are proposed. */
export interface Leeway {
  /** Whether the VM runs. Default: a controller has a QOM path, or there is a hot-plug slot. */
  readonly running?: boolean | undefined;
  /**
   * Controllers that would be in `growth` if it were allowed. Default: four `qemu-xhci`; in a running VM, one for each free hot-plug slot,
   * at most four.
   */
  readonly growable?: readonly ControllerSpec[] | undefined;
  /** Whether controllers can be added in any other way. Default: yes. */
  readonly addable?: boolean | undefined;
  /** Ids of the EHCI controllers that can have companions. Default: all that have an id. */
  readonly companions?: readonly string[] | undefined;
}
