import { existsSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import type { SocketIdentity } from './descriptor.js';
import { identifyProcess, isAlive, isSameProcess, type ProcessIdentity } from './process-identity.js';
import { throwIfShort } from './shortage.js';
import { runProgram } from './start-program.js';

/** Paths of iproute2's `ss`; root does not search PATH. */
const PROGRAMS = ['/usr/bin/ss', '/bin/ss', '/usr/sbin/ss', '/sbin/ss'];

/** ms for `ss`. */
const TIMEOUT = 5000;

/**
 * The kernel counts the sockets of a list that changes while it is read, so it can leave one out (net/unix/diag.c, unix_diag_dump): qplug
 * asks again.
 */
const MOST_TRIES = 3;

const MAX_OUTPUT = 64 * 1024 * 1024;

/**
 * A connected socket without a name, such as qplug's end of a connection: its inode, and its peer's. `ss` prints names raw, with line
 * breaks, so the owner of a socket can add any line; but no user can remove a line (misc/ss.c, unix_stats_print).
 */
const CONNECTED = /^u_str +ESTAB +\d+ +\d+ +\* +(\d+) +\* +(\d+)(?: |$)/gm;

/** @returns the path of `ss`; undefined if there is none: then qplug can't identify the peer of a connection */
export function findSocketStatistics(): string | undefined {
  return PROGRAMS.find((one) => existsSync(one));
}

/**
 * Finds the process at the other end of a Unix socket connection. Trusts only the kernel: it gives the inode of the peer (sock_diag(7),
 * which `ss` uses), and the processes that have that socket open. A process can pass its socket on to another one, so if several have it
 * open, the peer is unknown.
 *
 * @param end - this end, connected and after an answer: before that the other end has no inode (accept(2))
 * @returns undefined if unknown: the process belongs to another user, or another program makes `ss` print a second answer, or
 *   there is no `ss`
 */
export async function peerOf(end: SocketIdentity, signal: AbortSignal): Promise<ProcessIdentity | undefined> {
  const program = findSocketStatistics();
  if (program === undefined) return undefined;
  let peers: ReadonlySet<number> = new Set();
  for (let tries = 0; peers.size === 0 && tries < MOST_TRIES; tries++) peers = await peersOf(end, program, signal);
  const [ino, ...others] = peers;
  if (ino === undefined || ino === 0 || others.length > 0) return undefined;
  const [holder, ...more] = holdersOf({ dev: end.dev, ino });
  return more.length > 0 ? undefined : holder;
}

/** @returns the inodes that `ss` prints for the peer of a connection: one, unless somebody forges another */
async function peersOf({ ino }: SocketIdentity, program: string, signal: AbortSignal): Promise<ReadonlySet<number>> {
  const lines = (await connectedSockets(program, signal)).matchAll(CONNECTED);
  return new Set([...lines].flatMap(([, own, peer]) => (Number(own) === ino ? Number(peer) : [])));
}

async function connectedSockets(program: string, signal: AbortSignal): Promise<string> {
  const args = ['--unix', '--no-header', '--oneline'];
  try {
    const limits = { timeout: TIMEOUT, signal, most: MAX_OUTPUT };
    const { code, stdout } = await runProgram(program, args, { env: {}, cwd: '/' }, limits);
    return code === 0 ? stdout : '';
  } catch {
    signal.throwIfAborted();
    return '';
  }
}

/** @returns the processes that have a socket open, as far as this user may see them */
export function holdersOf(socket: SocketIdentity): ProcessIdentity[] {
  return processIds().flatMap((pid) => {
    const before = identifyProcess(pid);
    if (before === undefined || !hasOpen(pid, socket)) return [];
    const after = identifyProcess(pid);
    return after !== undefined && isSameProcess(before, after) ? [after] : [];
  });
}

/** @returns whether exactly that process has the socket open, as far as this user may see that */
export function holdsSocket(holder: ProcessIdentity, socket: SocketIdentity): boolean {
  const has = hasOpen(holder.pid, socket);
  return has && isAlive(holder);
}

/** @returns all pids */
export function processIds(): number[] {
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

/** @returns the inodes of the sockets that a process has open; none if this user may not see that */
export function socketsOf(pid: number): ReadonlySet<number> {
  const folder = `/proc/${pid}/fd`;
  const inodes = new Set<number>();
  try {
    for (const fd of readdirSync(folder)) {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(linkOf(`${folder}/${fd}`)) ?? [];
      // only the file behind the link is proof
      if (inode !== undefined && statSync(`${folder}/${fd}`, { throwIfNoEntry: false })?.isSocket())
        inodes.add(Number(inode));
    }
  } catch (error) {
    throwIfShort(error);
  }
  return inodes;
}

/** @returns the text of a link; empty if it is gone */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch (error) {
    throwIfShort(error);
    return '';
  }
}

function hasOpen(pid: number, { dev, ino }: SocketIdentity): boolean {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).some((fd) => {
      // reading the link is cheaper; only the file behind it is proof
      if (readlinkSync(`${folder}/${fd}`) !== `socket:[${ino}]`) return false;
      const there = statSync(`${folder}/${fd}`);
      return there.isSocket() && there.dev === dev && there.ino === ino;
    });
  } catch (error) {
    throwIfShort(error);
    // it has ended, or is invisible to this user
    return false;
  }
}
