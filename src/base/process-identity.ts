import { readFileSync } from 'node:fs';

/** A process that can't be mistaken for a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in clock ticks since boot: field 22 of /proc/PID/stat (proc(5)). */
  readonly startTime: number;
  /** /proc/sys/kernel/random/boot_id */
  readonly bootId: string;
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}

/** @returns the start time of a process in clock ticks since boot, or undefined when there is none or it is a zombie */
function startTime(pid: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // the command name, in brackets, may hold spaces and brackets itself
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : Number(fields[19]);
}

/** @returns who a pid is now, or undefined when no such process lives */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const start = startTime(pid);
  return start === undefined ? undefined : { pid, startTime: start, bootId: bootId() };
}

/** @returns whether that very process still lives: same pid, same start, same boot */
export function isAlive(identity: ProcessIdentity): boolean {
  return startTime(identity.pid) === identity.startTime && bootId() === identity.bootId;
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

/** @returns the rights of a process; undefined when there is none, or they can't be told */
export function rightsOf(pid: number): Rights | undefined {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
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
