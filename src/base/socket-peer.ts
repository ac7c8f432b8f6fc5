import { existsSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import type { SocketIdentity } from './descriptor.js';
import { identifyProcess, isSameProcess, type ProcessIdentity } from './process-identity.js';
import { throwIfShort } from './shortage.js';
import { runProgram } from './start-program.js';

/** Where `ss` of iproute2 stands; root does not look for it in PATH. */
const PROGRAMS = ['/usr/bin/ss', '/bin/ss', '/usr/sbin/ss', '/sbin/ss'];

/** ms that `ss` may take. */
const TIMEOUT = 5000;

const MAX_OUTPUT = 64 * 1024 * 1024;

/**
 * A connected socket that has no name, as our end of a connection has none: its inode, and its peer's. `ss` prints names as they are, with
 * line breaks, so whoever has a socket can make it print any line; but never can they take a line away (misc/ss.c, unix_stats_print).
 */
const CONNECTED = /^u_str +ESTAB +\d+ +\d+ +\* +(\d+) +\* +(\d+)(?: |$)/gm;

/** @returns the path of `ss`; undefined where there is none: then the peer of a connection can't be told */
export function findSocketStatistics(): string | undefined {
  return PROGRAMS.find((one) => existsSync(one));
}

/**
 * Finds out which process is at the other end of a connection over a Unix socket. Nothing that others write counts: the kernel tells the
 * inode of the peer (sock_diag(7), which `ss` asks), and which process has that socket open. A process that has a socket handed over by
 * another one is as good as the other one, so where several have it open nobody is named.
 *
 * @param end - our end, while it is connected and was answered: before that the other end has no inode (accept(2))
 * @returns undefined where it can't be told: the process belongs to another user, or somebody makes `ss` print a second answer, or
 *   there is no `ss`
 */
export async function peerOf(end: SocketIdentity, signal: AbortSignal): Promise<ProcessIdentity | undefined> {
  const program = findSocketStatistics();
  if (program === undefined) return undefined;
  const peers = new Set<number>();
  for (const [, own, peer] of (await connectedSockets(program, signal)).matchAll(CONNECTED))
    if (Number(own) === end.ino) peers.add(Number(peer));
  const [ino, ...others] = peers;
  if (ino === undefined || ino === 0 || others.length > 0) return undefined;
  const [holder, ...more] = holdersOf({ dev: end.dev, ino });
  return more.length > 0 ? undefined : holder;
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

/** @returns the processes that have a socket open, as far as we may see them */
function holdersOf(socket: SocketIdentity): ProcessIdentity[] {
  return processIds().flatMap((pid) => {
    const before = identifyProcess(pid);
    if (before === undefined || !hasOpen(pid, socket)) return [];
    const after = identifyProcess(pid);
    return after !== undefined && isSameProcess(before, after) ? [after] : [];
  });
}

/** @returns the pids that there are */
export function processIds(): number[] {
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

function hasOpen(pid: number, { dev, ino }: SocketIdentity): boolean {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).some((fd) => {
      // the text costs less; the file behind it can't be made up
      if (readlinkSync(`${folder}/${fd}`) !== `socket:[${ino}]`) return false;
      const there = statSync(`${folder}/${fd}`);
      return there.isSocket() && there.dev === dev && there.ino === ino;
    });
  } catch (error) {
    throwIfShort(error);
    // it has ended, or is not ours to see
    return false;
  }
}
