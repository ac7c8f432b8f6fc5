import { endianness } from 'node:os';
import {
  holdersOf,
  isAlive,
  isSameProcess,
  namespaceOf,
  readPlainFile,
  type SocketIdentity,
  socketsOf,
  throwIfShort,
} from '../../base/index.js';
import type { QemuProcess } from '../qemu-process.js';
import { hasClient, isLoopback, otherEnd, parseTcpTable, type TcpSocket } from './tcp-table.js';

/** Bytes of a list of sockets: 400,000 of them. What is beyond is not seen. */
const MAX_TABLE = 64 * 1024 * 1024;

/** The list may lack a socket while others come and go (seq_file of net/ipv4/tcp_ipv4.c): qplug reads it again. */
const MOST_TRIES = 3;

/** The process at the other end of a TCP connection. */
export type TcpPeer =
  /** It is this QEMU: the kernel says so. */
  | { readonly peer: 'process'; readonly process: QemuProcess }
  /**
   * The connection goes through a forwarder (docker-proxy, rootlessport, pasta, a rule of the firewall), and may end at one of these. It
   * is no proof: ask the QEMU at the other end for its threads, and compare them (`hasThreads`).
   */
  | { readonly peer: 'candidates'; readonly processes: readonly QemuProcess[] }
  /** Another host. */
  | { readonly peer: 'elsewhere' }
  /** A process of this host that is none of these QEMUs, or that this user may not see. */
  | { readonly peer: 'unknown' };

/**
 * Finds the QEMU at the other end of a TCP connection to its monitor. Trusts only the kernel: both ends of a connection within one network
 * namespace are in its list of sockets (proc_pid_net(5)), and a process that alone has the other end open is the peer.
 *
 * @param end - this end, connected and after an answer: before that the other end may have no process (accept(2)). It may be in the network
 *   namespace of one of the QEMUs
 * @param processes - the QEMUs of this host
 */
export function tcpPeerOf(end: SocketIdentity, processes: readonly QemuProcess[]): TcpPeer {
  const tables = new Tables(processes);
  const ours = tables.find(end.ino);
  if (ours === undefined) return { peer: 'unknown' };
  const { peer, network } = ours;
  if (peer?.inode === 0) return { peer: 'unknown' };
  const holders = peer === undefined ? [] : holdersOf({ dev: end.dev, ino: peer.inode });
  const direct = processes.find(({ process }) => holders.some((holder) => isSameProcess(process, holder)));
  // a process can pass its socket on to another one
  if (direct !== undefined) return holders.length === 1 ? { peer: 'process', process: direct } : { peer: 'unknown' };
  const isForwarded = peer !== undefined;
  const candidates = processes.filter((one) => {
    const { network: its } = one.namespaces;
    if (its === undefined || (its === network && !isForwarded)) return false;
    return hasClient(tables.of(its), socketsOf(one.process.pid)) && isAlive(one.process);
  });
  if (candidates.length > 0) return { peer: 'candidates', processes: candidates };
  return isForwarded || isLoopback(ours.end.remote) ? { peer: 'unknown' } : { peer: 'elsewhere' };
}

/** The sockets of the network namespaces that this process and the QEMUs are in, each read once. */
class Tables {
  readonly #pids = new Map<number, number | 'self'>();
  readonly #read = new Map<number, readonly TcpSocket[]>();

  constructor(processes: readonly QemuProcess[]) {
    const own = namespaceOf('self', 'net');
    if (own !== undefined) this.#pids.set(own, 'self');
    for (const { process, namespaces } of processes) {
      if (namespaces.network !== undefined && !this.#pids.has(namespaces.network))
        this.#pids.set(namespaces.network, process.pid);
    }
  }

  of(network: number): readonly TcpSocket[] {
    const known = this.#read.get(network);
    if (known !== undefined) return known;
    const pid = this.#pids.get(network);
    // a process that has ended, or moved, has another list
    const read = pid === undefined || namespaceOf(pid, 'net') !== network ? [] : readSockets(pid);
    this.#read.set(network, read);
    return read;
  }

  /** @returns the socket with an inode, its namespace, and its other end if that is in the same one */
  find(inode: number): { end: TcpSocket; peer: TcpSocket | undefined; network: number } | undefined {
    let found: { end: TcpSocket; peer: TcpSocket | undefined; network: number } | undefined;
    for (let tries = 0; found?.peer === undefined && tries < MOST_TRIES; tries++) {
      this.#read.clear();
      for (const network of found === undefined ? this.#pids.keys() : [found.network]) {
        const end = this.of(network).find((one) => one.inode === inode && one.state === 'established');
        if (end === undefined) continue;
        found = { end, peer: otherEnd(this.of(network), end), network };
        break;
      }
    }
    return found;
  }
}

function readSockets(pid: number | 'self'): TcpSocket[] {
  return ['tcp', 'tcp6'].flatMap((table) => {
    try {
      const text = readPlainFile(`/proc/${pid}/net/${table}`, MAX_TABLE).toString('latin1');
      return parseTcpTable(text, endianness());
    } catch (error) {
      throwIfShort(error);
      // the kernel has no IPv6, or the process has ended
      return [];
    }
  });
}
