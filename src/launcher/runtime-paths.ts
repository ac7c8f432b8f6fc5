import { isAbsolute, join } from 'node:path';
import { type Finding, fail, finding } from '../diag/index.js';

/** Where a running VM has its files. */
export interface RuntimePaths {
  /** The VM's own folder. */
  readonly folder: string;
  /** QMP for qplug. */
  readonly qplugSocket: string;
  /** QMP for whoever owns the VM: a QMP socket serves one client at a time. */
  readonly ownerSocket: string;
  /** What QEMU writes to stdout and stderr. */
  readonly log: string;
  /** Empty, and QEMU's standard input: by this file the kernel tells which process was started here (`findStarted`). */
  readonly startMark: string;
}

/** The longest path of a Unix socket: `sun_path` has 108 bytes, the last a NUL (unix(7)). */
const MAX_SOCKET_PATH = 107;

type Environment = Readonly<Record<string, string | undefined>>;

function absolute(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value !== undefined && isAbsolute(value) ? value : undefined;
}

/**
 * The folder for all VMs of this user: `QPLUG_RUNTIME_DIR`, else /run/qplug for root, else `$XDG_RUNTIME_DIR/qplug`.
 *
 * @param env - environment variables; those that are no absolute path count as unset (XDG Base Directory Specification)
 * @param uid - who runs qplug
 * @throws QplugError `runtime-dir-unknown`
 */
export function runtimeDir(env: Environment, uid: number): string {
  const own = absolute(env, 'QPLUG_RUNTIME_DIR');
  if (own !== undefined) return own;
  if (uid === 0) return '/run/qplug';
  const variable = 'XDG_RUNTIME_DIR';
  const base = absolute(env, variable);
  if (base === undefined) throw fail('runtime-dir-unknown', { variable });
  return join(base, 'qplug');
}

/**
 * The folder of what outlives a reboot: `QPLUG_STATE_DIR`, else `state` in `QPLUG_RUNTIME_DIR` where that is set, else
 * /var/lib/qplug for root, else `$XDG_STATE_HOME/qplug`, else ~/.local/state/qplug.
 *
 * @returns undefined for a user who has no home: then nothing is remembered
 */
export function stateDir(env: Environment, uid: number): string | undefined {
  const own = absolute(env, 'QPLUG_STATE_DIR');
  if (own !== undefined) return own;
  const runtime = absolute(env, 'QPLUG_RUNTIME_DIR');
  if (runtime !== undefined) return join(runtime, 'state');
  if (uid === 0) return '/var/lib/qplug';
  const home = absolute(env, 'HOME');
  const base = absolute(env, 'XDG_STATE_HOME') ?? (home === undefined ? undefined : join(home, '.local', 'state'));
  return base === undefined ? undefined : join(base, 'qplug');
}

/**
 * @param folder - of all VMs: the registry's
 * @param name - of the VM; a valid one is safe as a folder name
 */
export function runtimePaths(folder: string, name: string): RuntimePaths {
  const own = join(folder, name);
  return {
    folder: own,
    qplugSocket: join(own, 'qplug.sock'),
    ownerSocket: join(own, 'qmp.sock'),
    log: join(own, 'qemu.log'),
    startMark: join(own, 'started'),
  };
}

/** @returns a finding for each socket whose path has more bytes than Linux allows */
export function checkSocketPaths(paths: Pick<RuntimePaths, 'qplugSocket' | 'ownerSocket'>): Finding[] {
  return [paths.qplugSocket, paths.ownerSocket].flatMap((path) => {
    const bytes = Buffer.byteLength(path);
    return bytes <= MAX_SOCKET_PATH ? [] : [finding('socket-path-too-long', { path, bytes, limit: MAX_SOCKET_PATH })];
  });
}
