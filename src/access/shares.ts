import { resolve } from 'node:path';
import {
  holdsSocket,
  isSameProcess,
  type ProcessIdentity,
  peerOf,
  type SocketIdentity,
  socketFileOf,
} from '../base/index.js';
import type { ShareRecord } from '../registry/index.js';
import type { HostAccess } from './host-access.js';

type HasShares = Pick<HostAccess, 'shares'>;

/** @returns where to connect for the monitor at that path: a share's socket while a share of this user holds the monitor */
export function monitorPath(socket: string, { shares }: HasShares): string {
  const file = socketFileOf(socket);
  const held = shares
    ?.list()
    .find(({ qemu, listen }) => qemu.file === file && socketFileOf(listen.socket) === listen.file);
  return file === undefined || held === undefined ? socket : held.listen.socket;
}

/** @returns the QEMU socket behind a share's socket; undefined if there is no share of this user at that path */
export function monitorBehind(socket: string, { shares }: HasShares): ShareRecord['qemu'] | undefined {
  const file = socketFileOf(socket);
  return file === undefined ? undefined : shares?.list().find(({ listen }) => listen.file === file)?.qemu;
}

/** Who answers at the other end of a connection. */
export interface Answerer {
  /** QEMU's process, if the kernel identifies it. */
  readonly process: ProcessIdentity | undefined;
  /** The share between here and QEMU, if there is one. */
  readonly share: ShareRecord | undefined;
}

/**
 * Finds QEMU's process behind a connection. If a share of this user is at the other end, that is not QEMU: its record names its connection
 * to QEMU. The record is believed only as far as the kernel confirms it: the share has that connection open, and QEMU is the peer of it.
 *
 * @param end - this end of the connection, as for `peerOf`
 * @param connected - the path that was connected to, and whether a share greeted there: one of another user has no record here, and then
 *   QEMU's process is unknown
 */
export async function answererOf(
  end: SocketIdentity,
  { socket, shared }: { readonly socket: string; readonly shared: boolean },
  { shares }: HasShares,
  signal: AbortSignal,
): Promise<Answerer> {
  const peer = await peerOf(end, signal);
  const ofPeer = peer === undefined ? [] : (shares?.list() ?? []).filter(({ share }) => isSameProcess(share, peer));
  if (peer === undefined || ofPeer.length === 0) return { process: shared ? undefined : peer, share: undefined };
  const file = socketFileOf(resolve(socket));
  const share = ofPeer.find(({ listen }) => listen.file === file);
  // a share serves several VMs, or its socket was moved: then who is behind it is unknown
  if (share === undefined || !holdsSocket(peer, share.end)) return { process: undefined, share: undefined };
  return { process: await peerOf(share.end, signal), share };
}
