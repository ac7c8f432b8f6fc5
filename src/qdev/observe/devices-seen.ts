import type { AttachedDevice, HostFilter } from '../topology.js';
import type { QomNode } from './qom-walk.js';
import { busChildren, getAll, numberOf, okOf, type QueryReply, type Reading, textOf } from './query.js';

/** A device on a USB bus, as far as QOM tells. */
export interface QomDevice extends Omit<AttachedDevice, 'port' | 'megabits' | 'product' | 'qomPath'> {
  readonly qomPath: string;
  readonly requestedPort: string | undefined;
}

const PERIPHERAL = '/machine/peripheral/';

/** What is asked of a device by its type, beside `port` and `attached`. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  'usb-hub': ['ports'],
  'usb-host': ['hostbus', 'hostaddr', 'hostport', 'vendorid', 'productid', 'hostdevice'],
};

/**
 * Reads the devices on USB buses, all in one batch: QOM follows the links `child[i]` of a bus.
 *
 * @returns for each bus its devices in the order of creation; one that vanished meanwhile is left out
 */
export function* readDevices(buses: readonly QomNode[]): Reading<QomDevice[][]> {
  const links = buses.map((bus) => busChildren(bus.properties).map((child) => ({ ...child, bus: bus.path })));
  const wanted = links.flat().flatMap(({ bus, index, type }) => [
    { path: bus, properties: [`child[${index}]`] },
    { path: `${bus}/child[${index}]`, properties: ['port', 'attached', ...(MORE[type] ?? [])] },
  ]);
  const replies = yield* getAll(wanted);
  let at = 0;
  return links.map((children) =>
    children.flatMap(({ index, type }) => {
      const path = textOf(replies[at++]?.get(`child[${index}]`));
      const values = replies[at++] ?? new Map<string, QueryReply>();
      return path === undefined ? [] : [deviceOf(path, type, values)];
    }),
  );
}

/** @returns the id of a device: QEMU keeps those with one under /machine/peripheral */
export function idOf(path: string): string | undefined {
  return path.startsWith(PERIPHERAL) ? path.slice(PERIPHERAL.length) : undefined;
}

function deviceOf(path: string, driver: string, values: ReadonlyMap<string, QueryReply>): QomDevice {
  return {
    id: idOf(path),
    qomPath: path,
    driver,
    requestedPort: textOf(values.get('port')),
    attached: okOf(values.get('attached')) === true,
    hubPorts: driver === 'usb-hub' ? numberOf(values.get('ports')) : undefined,
    host: driver === 'usb-host' ? exactHost(values) : undefined,
    filter: driver === 'usb-host' ? filterOf(values) : undefined,
    // What a person adds is under peripheral or peripheral-anon; a hub elsewhere is one that QEMU put in for want of ports.
    automatic: driver === 'usb-hub' && path.startsWith('/machine/unattached/'),
  };
}

/**
 * Bus and address of a usb-host that was given just these, or the device node, which goes before all else; with any other
 * selector it tells what it looks for, not what it has.
 */
function exactHost(values: ReadonlyMap<string, QueryReply>): AttachedDevice['host'] {
  const node = textOf(values.get('hostdevice'));
  if (node !== undefined) return hostOfNode(node);
  const bus = numberOf(values.get('hostbus')) ?? 0;
  const address = numberOf(values.get('hostaddr')) ?? 0;
  const others =
    textOf(values.get('hostport')) !== undefined ||
    (numberOf(values.get('vendorid')) ?? 0) !== 0 ||
    (numberOf(values.get('productid')) ?? 0) !== 0;
  return bus > 0 && address > 0 && !others ? { bus, address } : undefined;
}

/** @returns what a usb-host looks for by itself; undefined for an exact one */
function filterOf(values: ReadonlyMap<string, QueryReply>): HostFilter | undefined {
  if (exactHost(values) !== undefined || textOf(values.get('hostdevice')) !== undefined) return undefined;
  const set = (name: string): number | undefined => numberOf(values.get(name)) || undefined;
  return {
    bus: set('hostbus'),
    address: set('hostaddr'),
    port: textOf(values.get('hostport')),
    vendorId: set('vendorid'),
    productId: set('productid'),
  };
}

/** @returns what a usbfs node stands for; undefined for another path, whose device QOM does not tell */
function hostOfNode(node: string): AttachedDevice['host'] {
  const [, bus, address] = /^\/dev\/bus\/usb\/(\d{3})\/(\d{3})$/.exec(node) ?? [];
  return bus === undefined || address === undefined ? undefined : { bus: Number(bus), address: Number(address) };
}
