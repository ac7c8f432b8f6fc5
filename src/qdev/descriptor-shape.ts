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

export interface AltSettingShape {
  readonly class: number;
  readonly subclass: number;
  readonly endpoints: readonly EndpointShape[];
}

export interface InterfaceShape {
  readonly altSettings: readonly AltSettingShape[];
  /** More settings may follow those that are here: the source shows the one in use alone. */
  readonly partial?: boolean | undefined;
}

export interface ConfigurationShape {
  readonly interfaces: readonly InterfaceShape[];
}

/** A host device as the speed rule sees it. */
export interface DeviceShape {
  /** Mb/s as sysfs tells it; undefined when the host does not know. */
  readonly megabits: number | undefined;
  readonly configurations: readonly ConfigurationShape[];
  /** More may be to it than is here, anywhere: the source does not show all of it. */
  readonly partial?: boolean | undefined;
}
