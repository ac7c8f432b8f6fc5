/** A place on the host's side of USB: a bus and the port numbers from its root hub down. An empty chain is the root hub. */
export interface HostPort {
  readonly bus: number;
  readonly chain: readonly number[];
}

/** @returns the place for a device's sysfs name (`1-2.3`, `usb1`), or undefined when it is not a device's name */
export function parsePortName(name: string): HostPort | undefined {
  const root = /^usb(\d{1,4})$/.exec(name);
  if (root !== null) return { bus: Number(root[1]), chain: [] };
  const match = /^(\d{1,4})-(\d{1,3}(?:\.\d{1,3})*)$/.exec(name);
  if (match === null) return undefined;
  const [, bus = '', chain = ''] = match;
  return { bus: Number(bus), chain: chain.split('.').map(Number) };
}

/** @returns `1-2.3`, or `usb1` for a root hub: the name of the device there */
export function formatPort(port: HostPort): string {
  return port.chain.length === 0 ? `usb${port.bus}` : `${port.bus}-${port.chain.join('.')}`;
}

/** @returns the name of a device whose port is not known: bus and number, `@1.5` */
export function formatAddress({ bus, address }: { readonly bus: number; readonly address: number }): string {
  return `@${bus}.${address}`;
}

/** @returns whether a device has a known port; a root hub has and needs none, since it is the bus itself */
export function hasPort({ port }: { readonly port: string }): boolean {
  return !port.startsWith('@');
}

/** @returns whether a device is the root hub of its bus; a hub whose port is not known does not count */
export function isRootHub(device: { readonly port: string; readonly chain: readonly number[] }): boolean {
  return hasPort(device) && device.chain.length === 0;
}

/** The parts of an interface's sysfs name. */
export interface InterfaceName {
  /** `1-2.3`; for the interface of a root hub `usb1`. */
  readonly device: string;
  readonly configuration: number;
  readonly number: number;
}

/**
 * @returns the parts of `1-2.3:1.0`, or undefined. The interface of the root hub `usb1` is called `1-0:1.0` (drivers/usb/core/message.c,
 *   usb_set_configuration; drivers/usb/core/usb.c, usb_alloc_dev).
 */
export function parseInterfaceName(name: string): InterfaceName | undefined {
  const match = /^(\d+)-([\d.]+):(\d+)\.(\d+)$/.exec(name);
  if (match === null) return undefined;
  const [, bus = '', chain = '', configuration, number] = match;
  return {
    device: chain === '0' ? `usb${bus}` : `${bus}-${chain}`,
    configuration: Number(configuration),
    number: Number(number),
  };
}

/** @returns the place for the name of a port device: `usb1-port2` is 1-2, `1-2-port3` is 1-2.3 (drivers/usb/core/port.c) */
export function parsePortDevice(name: string): HostPort | undefined {
  const match = /^(.+)-port(\d{1,3})$/.exec(name);
  const hub = match?.[1] === undefined ? undefined : parsePortName(match[1]);
  return hub === undefined ? undefined : { bus: hub.bus, chain: [...hub.chain, Number(match?.[2])] };
}

/** Compares by bus, then by port chain, number by number; a hub comes before the devices behind it. */
export function comparePorts(a: HostPort, b: HostPort): number {
  if (a.bus !== b.bus) return a.bus - b.bus;
  for (const [level, port] of a.chain.entries()) {
    const other = b.chain[level];
    if (other === undefined) return 1;
    if (port !== other) return port - other;
  }
  return a.chain.length - b.chain.length;
}
