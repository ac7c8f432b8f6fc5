import { resolve } from 'node:path';
import { hasEnded, knockAt, type ProcessIdentity, socketFileOf, stateOf } from '../base/index.js';
import type { ClaimOwner, VmRecord } from '../registry/index.js';
import type { HostAccess } from './host-access.js';

/** A VM as a person named it, before it was talked to. */
export interface VmTarget {
  /** For messages: the VM's name, or the socket's path. */
  readonly name: string;
  /** The monitor to use. */
  readonly socket: string;
  /** What qplug remembers, when it launched it. */
  readonly record: VmRecord | undefined;
  /** QEMU, where the kernel tells who is at the other end of the connection; known of an adopted VM once it was opened. */
  readonly process?: ProcessIdentity | undefined;
  /** Device and inode of the socket of an adopted VM. */
  readonly socketFile?: string | undefined;
}

/** @returns a VM as the owner of devices: the same by whichever word and socket it was named */
export function ownerOf({ name, socket, record, process, socketFile }: VmTarget): ClaimOwner {
  if (record !== undefined) return { vm: record.name, socket: record.sockets.qplug, process: record.qemu };
  return { vm: name, socket: resolve(socket), process, socketFile };
}

/** `unknown`: neither its process nor its socket can be seen from here, so it may be there. */
export type Presence = 'there' | 'gone' | 'unknown';

/**
 * Finds out whether the VM that owns something is there. It is gone when its process is known to have ended, or its socket refuses
 * connections; that it is not seen is no sign of either.
 */
export async function presenceOf({ process, socket, socketFile }: ClaimOwner, signal?: AbortSignal): Promise<Presence> {
  if (process !== undefined) {
    const state = stateOf(process);
    if (state !== 'unseen') return state === 'ended' ? 'gone' : 'there';
  }
  // by now another socket may stand at its path
  if (socketFile !== undefined && socketFileOf(socket) !== socketFile) return 'unknown';
  const listening = await knockAt(socket, signal);
  return listening === 'refused' ? 'gone' : listening === 'listens' ? 'there' : 'unknown';
}

/** @returns whether the process of a VM is known, and known to have ended */
export function processHasEnded({ process }: Pick<ClaimOwner, 'process'>): boolean {
  return process !== undefined && hasEnded(process);
}

/** @returns the VM of qplug's that has this socket, by whichever path it is named: the file counts, and where none is there its path */
export function recordOfSocket(word: string, { registry }: HostAccess): VmRecord | undefined {
  const path = resolve(word);
  const file = socketFileOf(path);
  const isIt = (socket: string): boolean => socket === path || (file !== undefined && socketFileOf(socket) === file);
  return registry.list().find(({ record: { sockets } }) => isIt(sockets.qplug) || isIt(sockets.owner))?.record;
}
