/** The parts of a device's descriptors that decide at which speeds QEMU attaches it (hw/usb/host-libusb.c, usb_host_speed_compat). */
export interface EndpointShape {
  readonly type: 'control' | 'isochronous' | 'bulk' | 'interrupt';
  /** The raw 16-bit wMaxPacketSize, additional-transaction bits included. */
  readonly maxPacketSize: number;
  /**
   * `bmAttributes & 0x1f` of a bulk endpoint's SuperSpeed companion; 0 where there is none, undefined where the source does not
   * say.
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

/** An interface with its alternate settings, in the order of the descriptors. The order matters: QEMU may stop at one of them. */
export interface InterfaceShape {
  readonly altSettings: readonly AltSettingShape[];
  /** True when more settings may follow: the source shows only the one in use. */
  readonly partial?: boolean | undefined;
}

/** A configuration. QEMU looks at every one, not only at the active one. */
export interface ConfigurationShape {
  readonly interfaces: readonly InterfaceShape[];
}

/**
 * Why a speed is not simply the figure in sysfs. `inferred`: it follows from the descriptors. `unknown`: the kernel does not know the
 * speed, and writes that word into sysfs. `untold`: the description of the device leaves the speed out.
 */
export type SpeedIs = 'inferred' | 'unknown' | 'untold';

/** A host device as the speed rule sees it. */
export interface DeviceShape {
  /** Mb/s as sysfs shows it; undefined when it is not known. */
  readonly megabits: number | undefined;
  /** Set where `megabits` is not simply the figure in sysfs. */
  readonly speedIs?: SpeedIs | undefined;
  readonly configurations: readonly ConfigurationShape[];
  /** True when any part may be missing here: the source does not show the whole device. */
  readonly partial?: boolean | undefined;
}
