/** The parts of a device's descriptors that decide at which speeds QEMU attaches it (hw/usb/host-libusb.c, usb_host_speed_compat). */
export interface EndpointShape {
  readonly type: 'control' | 'isochronous' | 'bulk' | 'interrupt';
  /** The raw 16-bit wMaxPacketSize, additional-transaction bits included. */
  readonly maxPacketSize: number;
  /**
   * `bmAttributes & 0x1f` of a bulk endpoint's SuperSpeed companion; 0 where there is none, undefined where the source does not
   * tell.
   */
  readonly streams: number | undefined;
}

/** An alternate setting of an interface. */
export interface AltSettingShape {
  /** bInterfaceClass: 8 is mass storage. */
  readonly class: number;
  /** bInterfaceSubClass: 6 of class 8 is SCSI. */
  readonly subclass: number;
  readonly endpoints: readonly EndpointShape[];
}

/** An interface with its alternate settings, in the order of the descriptors: QEMU stops at a certain one. */
export interface InterfaceShape {
  readonly altSettings: readonly AltSettingShape[];
  /** More settings may follow those that are here: the source shows the one in use alone. */
  readonly partial?: boolean | undefined;
}

/** A configuration: QEMU looks at every one, not at the active one alone. */
export interface ConfigurationShape {
  readonly interfaces: readonly InterfaceShape[];
}

/**
 * What stands behind a speed that nobody told. `inferred`: it follows from the descriptors. `unknown`: the kernel itself does not
 * know it, and writes that word into sysfs. `untold`: what describes the device leaves it out.
 */
export type SpeedIs = 'inferred' | 'unknown' | 'untold';

/** A host device as the speed rule sees it. */
export interface DeviceShape {
  /** Mb/s as sysfs tells it; undefined when that is not known. */
  readonly megabits: number | undefined;
  /** What stands behind `megabits` where it is not simply told. */
  readonly speedIs?: SpeedIs | undefined;
  readonly configurations: readonly ConfigurationShape[];
  /** More may be to it than is here, anywhere: the source does not show all of it. */
  readonly partial?: boolean | undefined;
}
