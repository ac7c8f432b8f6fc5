/** A device that qplug asks QEMU for, before it is spelled: the same for `device_add` and `-device`. */
export interface DeviceSpec {
  readonly driver: string;
  readonly id: string;
  /** In the types of QEMU's properties: from 9.2 on QEMU takes no string for a number (docs/about/removed-features.rst). */
  readonly properties: Readonly<Record<string, string | number | boolean>>;
}

/** A USB controller that qplug creates, at launch or by hot plug. */
export interface ControllerSpec {
  /** qdev id; the bus is `${id}.0`. */
  readonly id: string;
  readonly model: ControllerModel;
  /** xHCI: USB 2 and USB 3 ports, 0–15 each. */
  readonly p2?: number | undefined;
  /** See `p2`. Both are 4 where they are left out. */
  readonly p3?: number | undefined;
  /** pci-ohci: num-ports, 0–15. */
  readonly numPorts?: number | undefined;
  /** Companion: the bus of its EHCI, and the first port that it covers, counted from 0. */
  readonly masterbus?: string | undefined;
  /** See `masterbus`. */
  readonly firstport?: number | undefined;
  /** Where it goes: the PCI bus, and the address in the form `1d.7`. Both undefined for sysbus controllers. */
  readonly pciBus?: string | undefined;
  readonly address?: string | undefined;
  readonly multifunction?: boolean | undefined;
}

/** The controllers that `-device` can create. */
export type ControllerModel =
  | 'qemu-xhci'
  | 'nec-usb-xhci'
  | 'usb-ehci'
  | 'ich9-usb-ehci1'
  | 'ich9-usb-ehci2'
  | 'ich9-usb-uhci1'
  | 'ich9-usb-uhci2'
  | 'ich9-usb-uhci3'
  | 'ich9-usb-uhci4'
  | 'ich9-usb-uhci5'
  | 'ich9-usb-uhci6'
  | 'piix3-usb-uhci'
  | 'piix4-usb-uhci'
  | 'pci-ohci';
