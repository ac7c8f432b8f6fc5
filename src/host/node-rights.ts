import { chmodSync, lchownSync, lstatSync } from 'node:fs';
import { type ProcessIdentity, rightsOfProcess } from '../base/index.js';
import { fail } from '../diag/index.js';

/** A grant: a device node for another user, and the node's former permissions. Plain data. */
export interface NodeGrant {
  /** `/dev/bus/usb/001/005` */
  readonly node: string;
  /** The user to open it. */
  readonly uid: number;
  /** The process to open it; absent in grants of older releases. */
  readonly process?: ProcessIdentity | undefined;
  /** `mode`: the permission bits. */
  readonly was: { readonly uid: number; readonly gid: number; readonly mode: number };
}

/** Grants device nodes to users, and revokes the grants. Only root can. */
export interface NodeRights {
  /** @returns the grant with which a process of a user may open a node; undefined if the user may already, or there is no such node */
  grantFor(node: string, uid: number, process: ProcessIdentity): NodeGrant | undefined;
  /**
   * @throws the system's error; an Error if the process has ended in the meantime or runs as another user, since its pid may belong to
   *   another process now
   */
  give(grant: NodeGrant): void;
  /**
   * Restores the node's former permissions, whether the grant was performed completely, partly or not at all. A node that is gone, or whose
   * owner another program has changed since, is left alone.
   *
   * @throws the system's error
   */
  takeBack(grant: NodeGrant): void;
}

const NODE = /^\/dev\/bus\/usb\/\d{3}\/\d{3}$/;

/** The index of the file-system id among the four ids of a process (proc(5), `Uid`). */
const FILES = 3;

/** Read and write for the owner, and for all. */
const [OWNER, ALL] = [0o600, 0o006];

/**
 * The nodes of this host. The user becomes the node's owner: that needs no package and no file system with access lists, no udev rule of
 * systemd undoes it on an event (none has `OWNER=`), and group, mode and access list stay for all other users.
 */
export function kernelNodeRights(): NodeRights {
  return {
    grantFor(node, uid, process) {
      if (!NODE.test(node)) return undefined;
      const now = lstatSync(node, { throwIfNoEntry: false });
      if (now === undefined || !now.isCharacterDevice()) return undefined;
      const mode = now.mode & 0o7777;
      if ((now.uid === uid && (mode & OWNER) === OWNER) || (mode & ALL) === ALL) return undefined;
      return { node, uid, process, was: { uid: now.uid, gid: now.gid, mode } };
    },
    give({ node, uid, process, was }) {
      if (process !== undefined && rightsOfProcess(process)?.uids[FILES] !== uid)
        throw new Error(`process ${process.pid} has ended, or runs as another user now`);
      lchownSync(node, uid, was.gid);
      if ((was.mode & OWNER) !== OWNER) chmodSync(node, was.mode | OWNER);
    },
    takeBack({ node, uid, was }) {
      const now = lstatSync(node, { throwIfNoEntry: false });
      if (now === undefined || !now.isCharacterDevice() || now.uid !== uid) return;
      // the owner last: as long as the user owns the node, the next qplug knows that the grant is still active
      if ((now.mode & 0o7777) !== was.mode) chmodSync(node, was.mode);
      lchownSync(node, was.uid, was.gid);
    },
  };
}

/**
 * Lets QEMU's user open a node only during some work: QEMU opens it once, and then uses its open descriptor.
 *
 * @throws QplugError `node-not-granted` · what `work` throws
 */
export async function whileGranted<T>(
  grant: NodeGrant | undefined,
  nodes: NodeRights | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (grant === undefined || nodes === undefined) return await work();
  try {
    try {
      nodes.give(grant);
    } catch (error) {
      const { node, uid } = grant;
      throw fail('node-not-granted', { node, uid, reason: (error as Error).message }, { cause: error });
    }
    return await work();
  } finally {
    nodes.takeBack(grant);
  }
}
