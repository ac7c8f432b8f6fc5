import type { SpeedMask } from './speed.js';
import type { QemuVersion } from './version.js';

/**
 * One port of a controller's root hub, as QEMU pairs them (usb_register_port in hw/usb/bus.c; xhci_lookup_uport in hw/usb/hcd-xhci.c).
 */
export interface RootPort {
  /** QEMU's own number of it, counted from 1. */
  readonly port: number;
  /** The speeds that a device may have to attach here. */
  readonly mask: SpeedMask;
}

/** Devices on one bus. */
export interface BusDevices {
  /** The bus's name, as in `Controller`. */
  readonly bus: string;
  readonly devices: readonly AttachedDevice[];
}

/** A USB host controller with its bus, seen in a VM or predicted for one. */
export interface Controller {
  /** The name of its bus, which `device_add bus=` takes: `xhci.0`, `usb-bus.0`. Where another bus has the same name, `known` is false. */
  readonly bus: string;
  /** Its qdev id, where it has one. */
  readonly id: string | undefined;
  /** QOM type: `qemu-xhci`, or a type that qplug does not know. */
  readonly model: string;
  /** Canonical QOM path; undefined while only predicted. */
  readonly qomPath: string | undefined;
  readonly ports: readonly RootPort[];
  /**
   * How many devices, hubs included, a guest can number on it; undefined where nothing limits them. QEMU silently attaches more,
   * but the guest never sees those (hw/usb/hcd-xhci.c, CR_ENABLE_SLOT).
   */
  readonly slots?: number | undefined;
  /** False when the model is unknown or the bus shares its name with another: then qplug plans nothing onto it. */
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
  /** Real port path, in QEMU's own form: `2`, `2.3`. Undefined when QEMU's replies leave it open (a device without id). */
  readonly port: string | undefined;
  /** Whether QEMU has it attached: false for a usb-host whose device is gone, a redir without peer, a usb-uas not yet complete. */
  readonly attached: boolean;
  /** Current speed in Mb/s as QEMU reports it; undefined when the device is not attached or QEMU does not report it. */
  readonly megabits: number | undefined;
  /**
   * The USB address that the guest gave it; 0: the guest has not addressed it, or has reset it since. Undefined when QEMU does not report it, or
   * the device is not attached.
   */
  readonly guestAddress?: number | undefined;
  /** For a usb-hub: how many downstream ports it has. */
  readonly hubPorts: number | undefined;
  /** For a usb-host of one exact device: the bus and address that it was given. */
  readonly host: { readonly bus: number; readonly address: number } | undefined;
  /** For a usb-host that takes whatever matches: what it looks for. It has such a device, or will take one. */
  readonly filter?: HostFilter | undefined;
  /** What QEMU shows as product. Untrusted: the device writes it. */
  readonly product: string | undefined;
  /** True for a hub that QEMU inserted by itself (hw/usb/bus.c, usb_claim_port). */
  readonly automatic: boolean;
}

/** What a usb-host scans for; a member that is undefined matches anything (hw/usb/host-libusb.c, usb_host_auto_check). */
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
  /** How many controllers fit: 1 for a root port, the number of free slots for pci.0. */
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
