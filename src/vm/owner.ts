import { resolve } from 'node:path';
import { isAlive, isListening, listenerOf } from '../base/index.js';
import type { ClaimOwner } from '../registry/index.js';
import type { VmTarget } from './open-vm.js';

/** @returns a VM as the owner of devices: the same by whichever word and socket it was named */
export function ownerOf({ name, socket, record }: VmTarget): ClaimOwner {
  if (record !== undefined) return { vm: record.name, socket: record.sockets.qplug, process: record.qemu };
  const path = resolve(socket);
  return { vm: name, socket: path, process: listenerOf(path) };
}

/** @returns whether the VM that owns something is there: its process; where that is not known, somebody who listens at its socket */
export function ownerLives({ process, socket }: ClaimOwner): boolean {
  return process === undefined ? isListening(socket) : isAlive(process);
}
