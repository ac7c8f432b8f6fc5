/** What an engine says of a container; the kernel has not confirmed it. */
export interface Inspection {
  /** 64 hex digits. */
  readonly id: string;
  /** The name without docker's leading slash. */
  readonly name: string;
  /** Its status in the engine's word: `running`, `paused`, `exited`, …. */
  readonly status: string;
  /** The pid of its first process, on the host of the engine; 0: none. */
  readonly pid: number;
  /** When its first process started, in ms since 1970; undefined: not told. */
  readonly startedAt: number | undefined;
}

/** Longest text of an engine that is passed on: a status, a name. */
const LONGEST = 255;

/**
 * Reads the output of `ENGINE container inspect NAME`, which all engines print as Docker does: docker from release 20 on
 * (api/types/container, InspectResponse), podman from 4 on (libpod/define/container_inspect.go, InspectContainerData; `Name` has no slash),
 * nerdctl (pkg/inspecttypes/dockercompat, Container; `State` is null when the container does not run, and has no `StartedAt`).
 *
 * @returns undefined for anything else
 */
export function parseInspection(output: string): Inspection | undefined {
  let value: unknown;
  try {
    value = JSON.parse(output);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value) || value.length !== 1) return undefined;
  const { Id: id, Name: name, State: state } = fields(value[0]);
  if (typeof id !== 'string' || !/^[0-9a-f]{64}$/.test(id)) return undefined;
  if (!isText(name)) return undefined;
  if (state !== null && typeof state !== 'object') return undefined;
  const { Pid: pid = 0, Status: status = 'stopped', StartedAt: start } = fields(state);
  if (!Number.isSafeInteger(pid) || Number(pid) < 0 || !isText(status)) return undefined;
  const startedAt = typeof start === 'string' ? Date.parse(start) : Number.NaN;
  return {
    ...{ id, status, name: name.replace(/^\//, ''), pid: Number(pid) },
    startedAt: Number.isFinite(startedAt) ? startedAt : undefined,
  };
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= LONGEST;
}

/** ms between the start of a process and what the engine calls its start. The clock may be set meanwhile, when a machine has just booted. */
const START_TOLERANCE = 60_000;

/** What the kernel says of the process with the pid that an engine names. */
export interface PidFacts {
  /** /proc/PID/cgroup */
  readonly cgroups: string;
  /** Whether it has another mount namespace than this process; undefined: unknown. */
  readonly isApart: boolean | undefined;
  /** When it started, in ms since 1970; undefined: unknown. */
  readonly start: number | undefined;
}

/**
 * Compares what an engine says with the kernel: the engine may run on another host, or in a virtual machine (Docker Desktop), where its pids
 * count. The cgroup of a container's process names the container's id. Where the engine makes no cgroup, as some rootless ones, the
 * process has a mount namespace of its own, and started when the engine says.
 */
export function isItsProcess({ id, startedAt }: Inspection, { cgroups, isApart, start }: PidFacts): boolean {
  if (cgroups.includes(id)) return true;
  if (/[0-9a-f]{64}/.test(cgroups) || isApart !== true) return false;
  if (start === undefined || startedAt === undefined) return false;
  return Math.abs(start - startedAt) < START_TOLERANCE;
}
