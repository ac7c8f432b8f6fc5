import { readFileSync, readlinkSync } from 'node:fs';
import { throwIfShort } from './shortage.js';

/** A process that can't be mistaken for a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in clock ticks since boot: field 22 of /proc/PID/stat (proc(5)). */
  readonly startTime: number;
  /** /proc/sys/kernel/random/boot_id */
  readonly bootId: string;
  /** Inode of the PID namespace in which `pid` counts (pid_namespaces(7)); undefined where an older qplug wrote it down, or /proc hides it. */
  readonly pidNamespace?: number | undefined;
}

/** `unseen`: it counts in another PID namespace, so /proc here tells nothing of it. */
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

/** Fields of /proc/PID/stat behind the command name, which is in brackets and may hold spaces and brackets itself. */
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

/** @returns the start time of a process in clock ticks since boot, or undefined when there is none or it is a zombie */
function startTime(pid: number): number | undefined {
  const fields = statFields(pid);
  return fields === undefined || fields[0] === 'Z' || fields[0] === 'X' ? undefined : Number(fields[19]);
}

/** @returns who a pid is now, or undefined when no such process lives */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const start = startTime(pid);
  return start === undefined ? undefined : { pid, startTime: start, bootId: bootId(), pidNamespace: pidNamespace() };
}

/** @returns whether a process leads its session: whoever was started in a session of its own does (setsid(2)) */
export function leadsSession(pid: number): boolean {
  return Number(statFields(pid)?.[3]) === pid;
}

/** @returns what has become of that very process: same pid, same start, same boot, same PID namespace */
export function stateOf(identity: ProcessIdentity): ProcessState {
  if (bootId() !== identity.bootId) return 'ended';
  if ((identity.pidNamespace ?? pidNamespace()) !== pidNamespace()) return 'unseen';
  return startTime(identity.pid) === identity.startTime ? 'alive' : 'ended';
}

/** @returns whether that very process is seen to live: what a signal may be sent to */
export function isAlive(identity: ProcessIdentity): boolean {
  return stateOf(identity) === 'alive';
}

/** @returns whether that very process is known to have ended; one that can't be seen is not */
export function hasEnded(identity: ProcessIdentity): boolean {
  return stateOf(identity) === 'ended';
}

/** @returns whether both are one process */
export function isSameProcess(a: ProcessIdentity, b: ProcessIdentity): boolean {
  const namespaces = new Set([a.pidNamespace ?? pidNamespace(), b.pidNamespace ?? pidNamespace()]);
  return a.pid === b.pid && a.startTime === b.startTime && a.bootId === b.bootId && namespaces.size === 1;
}

/** @returns a process as names of files and columns hold it: `4242_123456_BOOT_NAMESPACE` */
export function formatProcess({ pid, startTime: start, bootId: boot, pidNamespace: space }: ProcessIdentity): string {
  return [pid, start, boot, ...(space === undefined ? [] : [space])].join('_');
}

/**
 * The reverse.
 *
 * @returns undefined for any other text
 */
export function parseProcess(text: string): ProcessIdentity | undefined {
  const [, pid, start, boot = '', space] = /^(\d+)_(\d+)_([^_]+)(?:_(\d+))?$/.exec(text) ?? [];
  if (pid === undefined) return undefined;
  const identity = { pid: Number(pid), startTime: Number(start), bootId: boot };
  return space === undefined ? identity : { ...identity, pidNamespace: Number(space) };
}

/** With which rights a process does what it does (proc(5)). */
export interface Rights {
  /** Real, effective, saved, and the one that files are opened with. */
  readonly uids: readonly number[];
  /** The same of the group. */
  readonly gids: readonly number[];
  /** Supplementary groups. */
  readonly groups: readonly number[];
}

/** @returns the rights of that very process; undefined when it is not seen to live, or they can't be told */
export function rightsOfProcess(identity: ProcessIdentity): Rights | undefined {
  const rights = rightsOf(identity.pid);
  return isAlive(identity) ? rights : undefined;
}

/** @returns the rights of whoever has this pid now; undefined when there is none, or they can't be told */
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

/** @returns who this process is */
export function selfIdentity(): ProcessIdentity {
  const self = identifyProcess(process.pid);
  if (self === undefined) throw new Error('this process does not know itself');
  return self;
}
