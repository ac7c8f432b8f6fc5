import type { Text } from '../../finding.js';
import { advice, type Fix, sh } from '../../fix.js';
import { printable } from '../../printable.js';
import { type UntrustedEvidence, whyUntrusted } from '../untrusted-path.js';
import { quote } from '../words.js';

/** `us`: the user id of qplug. */
type FolderNotOurs = UntrustedEvidence & { folder: string; us: number };

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

/** What makes the folder safe, where qplug knows it. */
function fixOf({ path, fault, folder, us }: FolderNotOurs): Fix | undefined {
  if (fault === 'writable') return sh`chmod go-w ${path}`;
  if (fault === 'owner' && path === folder && us !== 0) return sh`export XDG_RUNTIME_DIR=/run/user/$(id -u)`;
  return [sh`unset QPLUG_RUNTIME_DIR QPLUG_STATE_DIR`, advice('or set them to folders that only you can change')];
}
