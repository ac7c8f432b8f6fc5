import type { HostFiles } from './host-files.js';
import { addressWords, mappedV4, sameBits, tableAddress } from './ip-address.js';

/** A network interface of a USB device. */
export interface InterfaceFacts {
  readonly name: string;
  /** Bridges, bonds, VLANs and the like on top of it, at any depth, from the bottom up. */
  readonly above: readonly string[];
}

/** A route of the main table. Addresses are lists of bytes. */
interface Route {
  readonly interface: string;
  readonly destination: readonly number[];
  readonly length: number;
  readonly metric: number;
}

/** An established TCP connection to a port on which this host listens. */
export interface InboundConnection {
  readonly peer: string;
  /** Local port. */
  readonly port: number;
  readonly inode: string;
  /** The interfaces through which the main table sends answers; several if it cannot decide, as for a link-local peer. */
  readonly interfaces: readonly string[];
}

/** Facts from the routes and connections; each file is read once. */
export interface NetworkFacts {
  readonly interfaces: ReadonlyMap<string, InterfaceFacts>;
  readonly defaults: readonly { readonly interface: string; readonly family: 'IPv4' | 'IPv6' }[];
  readonly inbound: readonly InboundConnection[];
}

/** @param names - the USB devices' own interfaces; if there are none, nothing is read */
export function readNetwork(files: HostFiles, names: readonly string[]): NetworkFacts {
  if (names.length === 0) return { interfaces: new Map(), defaults: [], inbound: [] };
  const routes4 = readRoutes4(files);
  const routes6 = readRoutes6(files);
  return {
    interfaces: new Map(names.map((name) => [name, { name, above: interfacesAbove(files, name) }])),
    defaults: [...defaultsOf(routes4, 'IPv4'), ...defaultsOf(routes6, 'IPv6')],
    inbound: [...readInbound(files, 'tcp', routes4, routes6), ...readInbound(files, 'tcp6', routes4, routes6)],
  };
}

/** Only the default routes with the least metric count; another one just waits for the first to go. */
function defaultsOf(routes: readonly Route[], family: 'IPv4' | 'IPv6'): NetworkFacts['defaults'] {
  const all = routes.filter(({ length }) => length === 0);
  const least = Math.min(...all.map(({ metric }) => metric));
  return all.filter(({ metric }) => metric === least).map((one) => ({ interface: one.interface, family }));
}

/** /sys/class/net/NAME/upper_* (net/core/dev.c, netdev_adjacent_sysfs_add) */
function interfacesAbove(files: HostFiles, name: string): readonly string[] {
  const found = new Set<string>();
  const waiting = [name];
  for (let below = waiting.pop(); below !== undefined; below = waiting.pop()) {
    for (const entry of files.list(`/sys/class/net/${below}`) ?? []) {
      const above = /^upper_(.+)$/.exec(entry)?.[1];
      if (above === undefined || above === name || found.has(above)) continue;
      found.add(above);
      waiting.push(above);
    }
  }
  return [...found];
}

const [UP, REJECT] = [0x1, 0x200];

function usable(flags: string | undefined): boolean {
  const bits = Number.parseInt(flags ?? '', 16);
  return (bits & UP) !== 0 && (bits & REJECT) === 0;
}

/** /proc/net/route: the main table of IPv4 (net/ipv4/fib_trie.c, fib_route_seq_show). */
function readRoutes4(files: HostFiles): readonly Route[] {
  const lines = (files.text('/proc/net/route') ?? '').split('\n').slice(1);
  return lines.flatMap((line): Route[] => {
    const [name, destination, , flags, , , metric, mask] = line.trim().split(/\s+/);
    const to = tableAddress(destination ?? '');
    const bits = tableAddress(mask ?? '');
    if (name === undefined || to?.length !== 4 || bits?.length !== 4 || !usable(flags)) return [];
    const length = bits.reduce((sum, byte) => sum + ones(byte), 0);
    return [{ interface: name, destination: to, length, metric: Number(metric) }];
  });
}

function ones(byte: number): number {
  return byte.toString(2).replaceAll('0', '').length;
}

/** /proc/net/ipv6_route: addresses in network order, not in that of the machine (net/ipv6/ip6_fib.c, ipv6_route_native_seq_show). */
function readRoutes6(files: HostFiles): readonly Route[] {
  const lines = (files.text('/proc/net/ipv6_route') ?? '').split('\n');
  return lines.flatMap((line): Route[] => {
    const [destination = '', length = '', , , , metric = '', , , flags, name] = line.trim().split(/\s+/);
    if (name === undefined || name === 'lo' || !/^[0-9a-f]{32}$/i.test(destination) || !usable(flags)) return [];
    const bytes = [...Buffer.from(destination, 'hex')];
    const own = { length: Number.parseInt(length, 16), metric: Number.parseInt(metric, 16) };
    return [{ interface: name, destination: bytes, ...own }];
  });
}

const [ESTABLISHED, LISTEN] = ['01', '0A'];

/** The SSH port counts without a listening server, because sessions outlive the server. */
const SSH = 22;

/** /proc/net/tcp and tcp6 (net/ipv4/tcp_ipv4.c, get_tcp4_sock). */
function readInbound(
  files: HostFiles,
  name: 'tcp' | 'tcp6',
  routes4: readonly Route[],
  routes6: readonly Route[],
): readonly InboundConnection[] {
  const lines = (files.text(`/proc/net/${name}`) ?? '').split('\n').slice(1);
  const sockets = lines.flatMap((line) => {
    const [, local = '', remote = '', state, , , , , , inode = ''] = line.trim().split(/\s+/);
    const [here, port] = endOf(local);
    const [peer, peerPort] = endOf(remote);
    return here === undefined || peer === undefined ? [] : [{ here, port, peer, peerPort, state, inode }];
  });
  const listening = new Set(sockets.filter(({ state }) => state === LISTEN).map(({ port }) => port));
  return sockets.flatMap(({ here, port, peer, peerPort, state, inode }): InboundConnection[] => {
    // a connection of the host to itself needs no interface
    if (state !== ESTABLISHED || !(listening.has(port) || port === SSH) || here.join() === peer.join()) return [];
    const address = mappedV4(peer) ?? peer;
    const interfaces = interfacesTo(address, address.length === 4 ? routes4 : routes6);
    return [{ peer: `${addressWords(address)} port ${peerPort}`, port, inode, interfaces }];
  });
}

function endOf(text: string): readonly [address: readonly number[] | undefined, port: number] {
  const [address = '', port = ''] = text.split(':');
  return [tableAddress(address), Number.parseInt(port, 16)];
}

/** The longest prefix wins, then the least metric. If both are equal, all such routes count. */
function interfacesTo(address: readonly number[], routes: readonly Route[]): readonly string[] {
  const fitting = routes.filter(({ destination, length }) => sameBits(address, destination, length));
  const longest = Math.max(...fitting.map(({ length }) => length));
  const near = fitting.filter(({ length }) => length === longest);
  const least = Math.min(...near.map(({ metric }) => metric));
  return [...new Set(near.filter(({ metric }) => metric === least).map((one) => one.interface))];
}
