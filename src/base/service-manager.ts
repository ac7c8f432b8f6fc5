import { closeSync, fstatSync } from 'node:fs';
import { throwIfShort } from './shortage.js';

/** What a service manager, such as systemd, handed over to this process. */
export interface ServiceManager {
  /** Descriptors of sockets by their names (sd_listen_fds_with_names(3)). */
  readonly sockets: ReadonlyMap<string, number>;
  /** The address of its socket for notifications (sd_notify(3)); undefined: it wants none. */
  readonly notifyAt: string | undefined;
  /** ms within which it wants to hear that this process works (sd_watchdog_enabled(3)); undefined: it does not listen for that. */
  readonly watchdog: number | undefined;
}

/** The first descriptor that is handed over (`SD_LISTEN_FDS_START`). */
const FIRST = 3;

/** The most sockets that a service manager may hand over: more than any unit of qplug's has. */
const MOST = 64;

const VARIABLES = ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'NOTIFY_SOCKET', 'WATCHDOG_PID', 'WATCHDOG_USEC'];

/**
 * Takes what a service manager handed over to this process, and removes its variables, so that no started program takes them for its own.
 * Only a program may call this, once, at its start.
 *
 * @param env - `process.env`; changed
 * @param wanted - names of the sockets to keep, each once; closes all other sockets that were handed over
 */
export function meetServiceManager(env: NodeJS.ProcessEnv, wanted: readonly string[]): ServiceManager {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES, NOTIFY_SOCKET, WATCHDOG_PID, WATCHDOG_USEC } = env;
  for (const name of VARIABLES) delete env[name];
  const isForUs = LISTEN_PID === String(process.pid);
  const count = isForUs ? Math.min(MOST, numberOf(LISTEN_FDS) ?? 0) : 0;
  const names = LISTEN_FDNAMES?.split(':') ?? [];
  const sockets = new Map<string, number>();
  for (let index = 0; index < count; index++) {
    const [descriptor, name] = [FIRST + index, names[index] ?? ''];
    if (!isSocket(descriptor)) continue;
    if (wanted.includes(name) && !sockets.has(name)) sockets.set(name, descriptor);
    else closeSync(descriptor);
  }
  const isWatched = WATCHDOG_PID === undefined || WATCHDOG_PID === String(process.pid);
  const microseconds = isWatched ? numberOf(WATCHDOG_USEC) : undefined;
  return {
    sockets,
    notifyAt: NOTIFY_SOCKET === '' ? undefined : NOTIFY_SOCKET,
    watchdog: microseconds === undefined || microseconds === 0 ? undefined : microseconds / 1000,
  };
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Node.js opens pipes and other files for itself, and no socket before the program starts. */
function isSocket(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isSocket();
  } catch (error) {
    throwIfShort(error);
    return false;
  }
}
