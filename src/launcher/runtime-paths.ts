import { join } from 'node:path';
import { type Finding, finding } from '../diag/index.js';

/** The paths of a running VM's files. */
export interface RuntimePaths {
  /** The VM's folder. */
  readonly folder: string;
  /** QMP for qplug. */
  readonly qplugSocket: string;
  /** QMP for the VM's owner: a QMP socket serves one client at a time. */
  readonly ownerSocket: string;
  /** QEMU's stdout and stderr. */
  readonly log: string;
  /** An empty file: QEMU's standard input, by which qplug finds the process that it started here (`findStarted`). */
  readonly startMark: string;
}

/** The longest path of a Unix socket: `sun_path` has 108 bytes, the last a NUL (unix(7)). */
const MAX_SOCKET_PATH = 107;

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
