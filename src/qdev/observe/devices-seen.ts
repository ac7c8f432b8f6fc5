import type { AttachedDevice, HostFilter } from '../topology.js';
import { within } from './limits.js';
import type { QomNode } from './qom-walk.js';
import { busChildren, flagOf, getAll, numberOf, portCountOf, type Reading, textOf, type Values } from './query.js';

/** A device on a USB bus, as far as QOM shows it. */
export interface QomDevice extends Omit<AttachedDevice, 'port' | 'megabits' | 'product' | 'qomPath'> {
  readonly qomPath: string;
  readonly requestedPort: string | undefined;
}

const PERIPHERAL = '/machine/peripheral/';

/** The properties that qplug reads of a device by its type, besides `port` and `attached`. */
const MORE: ReadonlyMap<string, readonly string[]> = new Map([
  ['usb-hub', ['ports']],
  ['usb-host', ['hostbus', 'hostaddr', 'hostport', 'vendorid', 'productid', 'hostdevice']],
]);

/**
 * Reads the devices on USB buses, all in one batch: QOM follows the links `child[i]` of a bus.
 *
 * @returns for each bus its devices in the order of creation; one that vanished meanwhile is left out
 */
export function* readDevices(buses: readonly QomNode[]): Reading<QomDevice[][]> {
  const links = buses.map((bus) => busChildren(bus.properties).map((child) => ({ ...child, bus: bus.path })));
  within(
    'devices',
    links.reduce((sum, { length }) => sum + length, 0),
  );
  const wanted = links.flat().flatMap(({ bus, index, type }) => [
    { path: bus, properties: [`child[${index}]`] },
    { path: `${bus}/child[${index}]`, properties: ['port', 'attached', ...(MORE.get(type) ?? [])] },
  ]);
  const replies = yield* getAll(wanted);
  let at = 0;
  return links.map((children) =>
    children.flatMap(({ index, type }) => {
      const link = replies[at++];
      const values = replies[at++];
      const path = link === undefined ? undefined : textOf(link, `child[${index}]`);
      return path === undefined || values === undefined ? [] : [deviceOf(path, type, values)];
    }),
  );
}

/** @returns the id in a device's QOM path: QEMU keeps the devices that have an id under /machine/peripheral */
export function idOf(path: string): string | undefined {
  return path.startsWith(PERIPHERAL) ? path.slice(PERIPHERAL.length) : undefined;
}

/** @returns the device with these properties. @param path - its QOM path */
export function deviceOf(path: string, driver: string, values: Values): QomDevice {
  return {
    id: idOf(path),
    qomPath: path,
    driver,
    requestedPort: textOf(values, 'port'),
    attached: flagOf(values, 'attached') === true,
    hubPorts: driver === 'usb-hub' ? portCountOf(values, 'ports') : undefined,
    host: driver === 'usb-host' ? exactHost(values) : undefined,
    filter: driver === 'usb-host' ? filterOf(values) : undefined,
    // A device that a user adds is under peripheral or peripheral-anon. QEMU inserts a hub elsewhere, when ports run out.
    automatic: driver === 'usb-hub' && path.startsWith('/machine/unattached/'),
  };
}

/**
 * Bus and address of a usb-host that was given only these, or the device node, which QEMU prefers to all else. With any other
 * selector, the properties hold what the usb-host looks for, not what it has.
 */
function exactHost(values: Values): AttachedDevice['host'] {
  const node = textOf(values, 'hostdevice');
  if (node !== undefined) return hostOfNode(node);
  const bus = numberOf(values, 'hostbus') ?? 0;
  const address = numberOf(values, 'hostaddr') ?? 0;
  const others =
    textOf(values, 'hostport') !== undefined ||
    (numberOf(values, 'vendorid') ?? 0) !== 0 ||
    (numberOf(values, 'productid') ?? 0) !== 0;
  return bus > 0 && address > 0 && !others ? { bus, address } : undefined;
}

/** @returns what a usb-host looks for by itself; undefined for an exact one */
function filterOf(values: Values): HostFilter | undefined {
  if (exactHost(values) !== undefined || textOf(values, 'hostdevice') !== undefined) return undefined;
  const set = (name: string): number | undefined => numberOf(values, name) || undefined;
  return {
    bus: set('hostbus'),
    address: set('hostaddr'),
    port: textOf(values, 'hostport'),
    vendorId: set('vendorid'),
    productId: set('productid'),
  };
}

/** @returns the bus and address in the path of a usbfs node; undefined for another path, whose device QOM does not show */
function hostOfNode(node: string): AttachedDevice['host'] {
  const [, bus, address] = /^\/dev\/bus\/usb\/(\d{3})\/(\d{3})$/.exec(node) ?? [];
  return bus === undefined || address === undefined ? undefined : { bus: Number(bus), address: Number(address) };
}
