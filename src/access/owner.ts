import { resolve } from 'node:path';
import { hasEnded, knockAt, type ProcessIdentity, parseTcpAddress, socketFileOf, stateOf } from '../base/index.js';
import type { ClaimOwner, VmRecord } from '../registry/index.js';
import type { HostAccess } from './host-access.js';

/** A VM that the user named, before a connection to it. */
export interface VmTarget {
  /** For messages: the VM's name, or the socket's path. */
  readonly name: string;
  /** The monitor to use: a path, or `tcp:HOST:PORT` and what else `parseTcpAddress` reads. */
  readonly socket: string;
  /** qplug's record of the VM, if qplug started it. */
  readonly record: VmRecord | undefined;
  /** QEMU's process, if the kernel identifies the peer of the connection; for an adopted VM known only after the connection. */
  readonly process?: ProcessIdentity | undefined;
  /** Device and inode of the socket of an adopted VM. */
  readonly socketFile?: string | undefined;
  /** The process that must answer, for a VM that the user named by its process or container. */
  readonly answerer?: ProcessIdentity | undefined;
}

/** @returns a monitor in the form in which records hold it: an absolute path, or a port */
export function recordedSocket(socket: string): string {
  return parseTcpAddress(socket) === undefined ? resolve(socket) : socket;
}

/** @returns a VM as the owner of devices: the same for every word and socket that names it */
export function ownerOf({ name, socket, record, process, socketFile }: VmTarget): ClaimOwner {
  if (record !== undefined) return { vm: record.name, socket: record.sockets.qplug, process: record.qemu };
  return { vm: name, socket: recordedSocket(socket), process, socketFile };
}

/** `unknown`: neither its process nor its socket is visible from here, so it may exist. */
export type Presence = 'there' | 'gone' | 'unknown';

/**
 * Finds out whether the VM of a claim exists. The VM is gone if its process has ended, or if its socket refuses connections. A process that
 * is not visible proves nothing.
 */
export async function presenceOf({ process, socket, socketFile }: ClaimOwner, signal?: AbortSignal): Promise<Presence> {
  if (process !== undefined) {
    const state = stateOf(process);
    if (state !== 'unseen') return state === 'ended' ? 'gone' : 'there';
  }
  // another socket may be at its path now
  if (socketFile !== undefined && socketFileOf(socket) !== socketFile) return 'unknown';
  // a QMP server takes one client: a knock at its port would be that client
  if (parseTcpAddress(socket) !== undefined) return 'unknown';
  const listening = await knockAt(socket, signal);
  return listening === 'refused' ? 'gone' : listening === 'listens' ? 'there' : 'unknown';
}

/** @returns whether the process of a VM is known and has ended */
export function processHasEnded({ process }: Pick<ClaimOwner, 'process'>): boolean {
  return process !== undefined && hasEnded(process);
}

/** @returns qplug's VM with this socket: compares the socket files, or the paths if there is no file */
export function recordOfSocket(word: string, { registry }: HostAccess): VmRecord | undefined {
  const path = resolve(word);
  const file = socketFileOf(path);
  const isIt = (socket: string): boolean => socket === path || (file !== undefined && socketFileOf(socket) === file);
  return registry.list().find(({ record: { sockets } }) => isIt(sockets.qplug) || isIt(sockets.owner))?.record;
}
