import { resolve } from 'node:path';
import { hasEnded, knockAt, socketFileOf, stateOf } from '../base/index.js';
import type { ClaimOwner } from '../registry/index.js';
import type { VmTarget } from './open-vm.js';

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
