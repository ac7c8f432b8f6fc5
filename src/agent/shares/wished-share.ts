import type { VmTarget } from '../../access/index.js';
import { fileStamp, socketFileOf } from '../../base/index.js';
import type { AssignmentRecord } from '../../registry/index.js';

/** A share that a person wished the agent to keep, and the socket of its VM at this moment. */
export interface WishedShare {
  readonly vm: string;
  /** The socket to serve: absolute. */
  readonly listen: string;
  /** QEMU's socket to hold: absolute; undefined while no VM of that name runs. */
  readonly socket: string | undefined;
  /** Device and inode of QEMU's socket; undefined while it is not there. */
  readonly file: string | undefined;
  /** Changes whenever the socket is made again, even with the same inode. */
  readonly stamp: string | undefined;
  /** Whether the agent's own work on the VM uses the same socket: then only one of the two can hold it. */
  readonly isOnlyMonitor: boolean;
}

/**
 * @param records - what persons decided about VMs
 * @param targets - the VMs that run, by name
 * @returns the shares that persons wished, each with the socket of its VM as it is now
 */
export function wishedShares(
  records: readonly AssignmentRecord[],
  targets: ReadonlyMap<string, VmTarget>,
): WishedShare[] {
  return records.flatMap(({ vm, share, socket: adopted }): WishedShare[] => {
    if (share === undefined) return [];
    const record = targets.get(vm)?.record;
    const socket = record?.sockets.owner ?? adopted;
    const { listen } = share;
    const isOnlyMonitor = record === undefined;
    if (socket === undefined) return [{ vm, listen, socket, file: undefined, stamp: undefined, isOnlyMonitor }];
    return [{ vm, listen, socket, file: socketFileOf(socket), stamp: fileStamp(socket), isOnlyMonitor }];
  });
}
