import { chmodSync, lchownSync, lstatSync } from 'node:fs';
import { type ProcessIdentity, rightsOfProcess } from '../base/index.js';
import { fail } from '../diag/index.js';

/** A device node that somebody is to open, and what it was before: plain data. */
export interface NodeGrant {
  /** `/dev/bus/usb/001/005` */
  readonly node: string;
  /** Who is to open it. */
  readonly uid: number;
  /** The process that is to open it; an older qplug has not written it. */
  readonly process?: ProcessIdentity | undefined;
  /** `mode`: the permission bits. */
  readonly was: { readonly uid: number; readonly gid: number; readonly mode: number };
}

/** Gives device nodes to users, and takes them back. Only root can. */
export interface NodeRights {
  /** @returns what it takes that a process of a user may open a node; undefined where the user may already, or there is no such node */
  grantFor(node: string, uid: number, process: ProcessIdentity): NodeGrant | undefined;
  /** @throws the system's error; an Error where the process has ended meanwhile, or runs as somebody else: its pid may be another's by now */
  give(grant: NodeGrant): void;
  /**
   * Sets the node back as it was, whether it was given in whole, in part or not at all. One that is gone, or that somebody else has
   * given to another since, is left alone.
   *
   * @throws the system's error
   */
  takeBack(grant: NodeGrant): void;
}

const NODE = /^\/dev\/bus\/usb\/\d{3}\/\d{3}$/;

/** Of the four ids of a process the one that it opens files as (proc(5), `Uid`). */
const FILES = 3;

/** Read and write for the owner, and for all. */
const [OWNER, ALL] = [0o600, 0o006];

/**
 * The nodes of this host. The user becomes the node's owner: that needs no package and no file system that keeps access lists, no
 * rule of udev undoes it on an event (`OWNER=` is in none that systemd ships), and group, mode and access list stay for everybody else.
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
      // the owner last: as long as it is the user, whoever comes next knows what is left to do
      if ((now.mode & 0o7777) !== was.mode) chmodSync(node, was.mode);
      lchownSync(node, was.uid, was.gid);
    },
  };
}

/**
 * Lets QEMU's user open a node while something is done, and no longer: QEMU opens it once, and goes on with what it has open.
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
