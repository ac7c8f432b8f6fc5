import type { SpeedMask } from './speed.js';
import type { QemuVersion } from './version.js';

/**
 * One port of a controller's root hub, as QEMU pairs them (usb_register_port in hw/usb/bus.c; xhci_lookup_uport in hw/usb/hcd-xhci.c).
 */
export interface RootPort {
  /** QEMU's own name of it, counted from 1. */
  readonly port: number;
  /** The speeds that a device may have to attach here. */
  readonly mask: SpeedMask;
}

/** A USB host controller with its bus, seen in a VM or predicted for one. */
export interface Controller {
  /** The name of its bus, which is what `device_add bus=` takes: `xhci.0`, `usb-bus.0`. Unique in a VM. */
  readonly bus: string;
  /** Its qdev id, where it has one. */
  readonly id: string | undefined;
  /** QOM type: `qemu-xhci`, or a type that qplug does not know. */
  readonly model: string;
  /** Canonical QOM path; undefined while only predicted. */
  readonly qomPath: string | undefined;
  readonly ports: readonly RootPort[];
  /**
   * How many devices, hubs included, a guest can number on it; undefined where nothing limits them. QEMU attaches more without a
   * word, and the guest never sees them (hw/usb/hcd-xhci.c, CR_ENABLE_SLOT).
   */
  readonly slots?: number | undefined;
  /** False when the model is unknown: nothing is planned onto it. */
  readonly known: boolean;
  readonly devices: readonly AttachedDevice[];
}

/** Something that occupies a port of a controller's bus. */
export interface AttachedDevice {
  /** qdev id; undefined for a device that was added without one. */
  readonly id: string | undefined;
  /** Canonical QOM path; undefined while only predicted. `device_del` takes it. */
  readonly qomPath: string | undefined;
  /** QOM type: `usb-host`, `usb-hub`, `usb-tablet`, … */
  readonly driver: string;
  /** Real port path, QEMU's own form: `2`, `2.3`. Undefined when QEMU did not let us find out (an id-less device). */
  readonly port: string | undefined;
  /** Whether QEMU has it attached: false for a usb-host whose device is gone, a redir without peer, a usb-uas not yet complete. */
  readonly attached: boolean;
  /** Current speed in Mb/s as QEMU tells it; undefined when not attached or not told. */
  readonly megabits: number | undefined;
  /** For a usb-hub: how many downstream ports it has. */
  readonly hubPorts: number | undefined;
  /** For a usb-host in exact mode: what it was given. */
  readonly host: { readonly bus: number; readonly address: number } | undefined;
  /** For a usb-host that takes whatever matches: what it looks for. It has, or will have, any such device. */
  readonly filter?: HostFilter | undefined;
  /** What QEMU shows as product. Untrusted: the device writes it. */
  readonly product: string | undefined;
  /** True for a hub that QEMU inserted by itself (facts 3.1). */
  readonly automatic: boolean;
}

/** What a usb-host scans for; what is undefined matches anything (hw/usb/host-libusb.c, usb_host_auto_check). */
export interface HostFilter {
  /** `hostbus`, counted from 1. */
  readonly bus: number | undefined;
  /** `hostaddr` on that bus, 1–127. */
  readonly address: number | undefined;
  /** The port chain, joined by dots, without the bus. */
  readonly port: string | undefined;
  /** idVendor, 0–0xffff. */
  readonly vendorId: number | undefined;
  /** idProduct, 0–0xffff. */
  readonly productId: number | undefined;
}

/** A place where a PCI USB controller can still be hot-plugged. */
export interface HotplugSlot {
  /** The qdev bus name, for `bus=`: `pci.0`, or the id of a free pcie-root-port. */
  readonly bus: string;
  /** How many controllers fit: 1 for a root port; on pci.0 the slots that are free. */
  readonly capacity: number;
}

/** The USB world of one VM. A value: read back from QEMU, or predicted from a file. */
export interface Topology {
  readonly version: QemuVersion;
  readonly controllers: readonly Controller[];
  readonly hotplug: readonly HotplugSlot[];
  /** Every id in use in the VM, USB or not: a new id must not be one of them. */
  readonly ids: ReadonlySet<string>;
}
