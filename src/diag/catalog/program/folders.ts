import type { Text } from '../../finding.js';
import { advice, type Fix, sh } from '../../fix.js';
import { printable } from '../../printable.js';
import { quote } from '../words.js';

/** `us`: the user id of qplug. */
type FolderNotOurs = UntrustedEvidence & { folder: string; us: number };

/** Why other users can change or replace a file or folder. */
export interface UntrustedEvidence {
  /** The file or folder itself, or a folder above it. */
  readonly path: string;
  readonly fault: 'link' | 'owner' | 'writable';
  /** Its owner. */
  readonly uid: number;
  readonly mode: number;
}

export const folders = {
  'folder-not-ours': {
    kind: 'failed',
    text: (evidence: FolderNotOurs): Text => ({
      what: 'qplug does not use a folder that other users can change',
      where: printable(evidence.folder),
      why: whyUntrusted(evidence),
      fix: fixOf(evidence),
    }),
  },
  'runtime-dir-unknown': {
    kind: 'usage',
    text: ({ variable }: { variable: string }): Text => ({
      what: 'no folder for sockets is set',
      why: `${variable} is not set to an absolute path`,
      fix: sh`export XDG_RUNTIME_DIR=/run/user/$(id -u)`,
    }),
  },
  'socket-path-too-long': {
    kind: 'usage',
    text: ({ path, bytes, limit }: { path: string; bytes: number; limit: number }): Text => ({
      what: `the socket path ${quote(path)} is too long`,
      why: `it has ${bytes} bytes, and Linux allows ${limit}`,
      fix: advice('write a shorter `name:`, or set QPLUG_RUNTIME_DIR to a shorter path'),
    }),
  },
} as const;

/** @returns the reason, as a clause */
export function whyUntrusted({ path, fault, uid, mode }: UntrustedEvidence): string {
  const it = printable(path);
  switch (fault) {
    case 'link':
      return `${it} is a link, and its owner decides where it points`;
    case 'owner':
      return `${it} belongs to user ${uid}`;
    case 'writable':
      return `other users can write to ${it} (mode 0${mode.toString(8)})`;
  }
}

/** What makes the folder safe, where qplug knows it. */
function fixOf({ path, fault, folder, us }: FolderNotOurs): Fix | undefined {
  if (fault === 'writable') return sh`chmod go-w ${path}`;
  if (fault === 'owner' && path === folder && us !== 0) return sh`export XDG_RUNTIME_DIR=/run/user/$(id -u)`;
  return [sh`unset QPLUG_RUNTIME_DIR QPLUG_STATE_DIR`, advice('or set them to folders that only you can change')];
}
