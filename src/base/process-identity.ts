import { readFileSync, readlinkSync } from 'node:fs';
import { throwIfShort } from './shortage.js';

/** The identity of a process, which no later process with the same pid shares. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in clock ticks since boot: field 22 of /proc/PID/stat (proc(5)). */
  readonly startTime: number;
  /** /proc/sys/kernel/random/boot_id */
  readonly bootId: string;
  /** Inode of the PID namespace in which `pid` counts (pid_namespaces(7)); undefined in records of older releases, or if /proc hides it. */
  readonly pidNamespace?: number | undefined;
}

/** `unseen`: its pid belongs to another PID namespace, so /proc here does not show it. */
export type ProcessState = 'alive' | 'ended' | 'unseen';

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}

function pidNamespace(): number | undefined {
  try {
    const [, inode] = /^pid:\[(\d+)\]$/.exec(readlinkSync('/proc/self/ns/pid')) ?? [];
    return inode === undefined ? undefined : Number(inode);
  } catch {
    return undefined;
  }
}

/** Fields of /proc/PID/stat after the command name, which is in parentheses and may contain spaces and parentheses. */
function statFields(pid: number): string[] | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch (error) {
    throwIfShort(error);
    return undefined;
  }
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** @returns the start time of a process in clock ticks since boot, or undefined if there is none or it is a zombie */
function startTime(pid: number): number | undefined {
  const fields = statFields(pid);
  return fields === undefined || fields[0] === 'Z' || fields[0] === 'X' ? undefined : Number(fields[19]);
}

/** @returns the identity of the present process with a pid, or undefined if there is none */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const start = startTime(pid);
  return start === undefined ? undefined : { pid, startTime: start, bootId: bootId(), pidNamespace: pidNamespace() };
}

/** @returns whether a process leads its session, as a process started in its own session does (setsid(2)) */
export function leadsSession(pid: number): boolean {
  return Number(statFields(pid)?.[3]) === pid;
}

/** @returns the state of exactly that process: same pid, same start, same boot, same PID namespace */
export function stateOf(identity: ProcessIdentity): ProcessState {
  if (bootId() !== identity.bootId) return 'ended';
  if ((identity.pidNamespace ?? pidNamespace()) !== pidNamespace()) return 'unseen';
  return startTime(identity.pid) === identity.startTime ? 'alive' : 'ended';
}

/** @returns whether exactly that process is visibly alive, so that a signal may be sent to it */
export function isAlive(identity: ProcessIdentity): boolean {
  return stateOf(identity) === 'alive';
}

/** @returns whether exactly that process is known to have ended; false for an invisible one */
export function hasEnded(identity: ProcessIdentity): boolean {
  return stateOf(identity) === 'ended';
}

/** @returns whether both are the same process */
export function isSameProcess(a: ProcessIdentity, b: ProcessIdentity): boolean {
  const namespaces = new Set([a.pidNamespace ?? pidNamespace(), b.pidNamespace ?? pidNamespace()]);
  return a.pid === b.pid && a.startTime === b.startTime && a.bootId === b.bootId && namespaces.size === 1;
}

/** @returns a process identity as text for file names and columns: `4242_123456_BOOT_NAMESPACE` */
export function formatProcess({ pid, startTime: start, bootId: boot, pidNamespace: space }: ProcessIdentity): string {
  return [pid, start, boot, ...(space === undefined ? [] : [space])].join('_');
}

/**
 * @returns the process identity in a text of `formatProcess`; undefined for any other text
 */
export function parseProcess(text: string): ProcessIdentity | undefined {
  const [, pid, start, boot = '', space] = /^(\d+)_(\d+)_([^_]+)(?:_(\d+))?$/.exec(text) ?? [];
  if (pid === undefined) return undefined;
  const identity = { pid: Number(pid), startTime: Number(start), bootId: boot };
  return space === undefined ? identity : { ...identity, pidNamespace: Number(space) };
}

/** The user and groups of a process (proc(5)). */
export interface Rights {
  /** Real, effective, saved and file-system user id. */
  readonly uids: readonly number[];
  /** The same group ids. */
  readonly gids: readonly number[];
  /** Supplementary groups. */
  readonly groups: readonly number[];
}

/** @returns the rights of exactly that process; undefined if it is not visibly alive, or they are unreadable */
export function rightsOfProcess(identity: ProcessIdentity): Rights | undefined {
  const rights = rightsOf(identity.pid);
  return isAlive(identity) ? rights : undefined;
}

/** @returns the rights of the present process with this pid; undefined if there is none, or they are unreadable */
export function rightsOf(pid: number): Rights | undefined {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch (error) {
    throwIfShort(error);
    return undefined;
  }
  const numbers = (name: string): number[] =>
    (new RegExp(`^${name}:([\\d \\t]*)$`, 'm').exec(status)?.[1] ?? '').split(/\s+/).filter(Boolean).map(Number);
  const [uids, gids] = [numbers('Uid'), numbers('Gid')];
  return uids.length === 4 && gids.length === 4 ? { uids, gids, groups: numbers('Groups') } : undefined;
}

/** @returns the identity of this process */
export function selfIdentity(): ProcessIdentity {
  const self = identifyProcess(process.pid);
  if (self === undefined) throw new Error('this process is not in /proc');
  return self;
}

/** Clock ticks per second in what the kernel tells users, on all architectures (USER_HZ, asm-generic/param.h). */
const TICKS = 100;

/** @returns when exactly that process started, in ms since 1970, by the present clock; undefined if it is not visible */
export function timeOfStart(identity: ProcessIdentity): number | undefined {
  const boot = /^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1];
  if (boot === undefined || !isAlive(identity)) return undefined;
  return Number(boot) * 1000 + (identity.startTime / TICKS) * 1000;
}
