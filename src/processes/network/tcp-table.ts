/** One end of a TCP connection. */
export interface TcpPlace {
  /** 32 hex digits; an address of IPv4 as IPv6 maps it (::ffff:a.b.c.d), so that each address has one such text. */
  readonly address: string;
  readonly port: number;
}

/** A TCP socket in a network namespace, as its kernel lists it. */
export interface TcpSocket {
  readonly local: TcpPlace;
  readonly remote: TcpPlace;
  /** `other`: on its way to either, or closing. */
  readonly state: 'established' | 'listens' | 'other';
  /** The inode of the socket; 0: no process has it yet, or no longer. */
  readonly inode: number;
}

/** TCP_ESTABLISHED and TCP_LISTEN, net/tcp_states.h. */
const STATES: Readonly<Record<string, TcpSocket['state']>> = { '01': 'established', '0A': 'listens' };

/** The first digits of an IPv4 address as IPv6 maps it (RFC 4291, 2.5.5.2). */
const MAPPED = '00000000000000000000ffff';

/** A line of /proc/net/tcp or tcp6: number, local, remote, state, queues, timer, retransmits, uid, timeout, inode (get_tcp4_sock, net/ipv4/tcp_ipv4.c). */
const LINE =
  /^ *\d+: ((?:[\dA-F]{8}){1,4}):([\dA-F]{4}) ((?:[\dA-F]{8}){1,4}):([\dA-F]{4}) ([\dA-F]{2}) \S+ \S+ \S+ +\d+ +\d+ (\d+) /gm;

/**
 * Reads the sockets in the text of /proc/PID/net/tcp or tcp6.
 *
 * @param order - the byte order of this host: the kernel prints each 32 bits of an address as a number
 */
export function parseTcpTable(text: string, order: 'BE' | 'LE'): TcpSocket[] {
  return [...text.matchAll(LINE)].map(
    ([, local = '', localPort = '', remote = '', remotePort = '', state = '', inode]) => ({
      local: placeOf(local, localPort, order),
      remote: placeOf(remote, remotePort, order),
      state: STATES[state] ?? 'other',
      inode: Number(inode),
    }),
  );
}

function placeOf(digits: string, port: string, order: 'BE' | 'LE'): TcpPlace {
  const words = digits.match(/.{8}/g) ?? [];
  const bytes = words.map((word) => (order === 'BE' ? word : (word.match(/../g) ?? []).reverse().join('')));
  const address = bytes.join('').toLowerCase();
  return {
    address: address.length === 8 ? MAPPED + address : address,
    port: Number.parseInt(port, 16),
  };
}

/** @returns the other end of a connection between two sockets of one network namespace */
export function otherEnd(sockets: readonly TcpSocket[], { local, remote }: TcpSocket): TcpSocket | undefined {
  return sockets.find(
    (one) => one.state === 'established' && isSamePlace(one.local, remote) && isSamePlace(one.remote, local),
  );
}

function isSamePlace(one: TcpPlace, other: TcpPlace): boolean {
  return one.port === other.port && one.address === other.address;
}

/** @returns whether a process with these sockets is connected to a client on a port on which it listens */
export function hasClient(sockets: readonly TcpSocket[], held: ReadonlySet<number>): boolean {
  const its = sockets.filter(({ inode }) => inode !== 0 && held.has(inode));
  const ports = new Set(its.filter(({ state }) => state === 'listens').map(({ local }) => local.port));
  return its.some(({ state, local }) => state === 'established' && ports.has(local.port));
}

/** @returns whether a place is of its own host only: 127.0.0.0/8 or ::1 */
export function isLoopback({ address }: TcpPlace): boolean {
  return address.startsWith(`${MAPPED}7f`) || address === '1'.padStart(32, '0');
}
