import type { Text } from '../../finding.js';
import { advice, path, sh } from '../../fix.js';
import { printable } from '../../printable.js';
import { quote } from '../words.js';

export const drives = {
  'drive-interface': {
    kind: 'usage',
    text: (evidence: { interface: string; machine: string }): Text => ({
      what: `the machine ${quote(evidence.machine)} has no ${printable(evidence.interface)} bus for a drive`,
      fix: advice('write `interface: virtio`'),
    }),
  },
  'drive-unusable': {
    kind: 'failed',
    text: ({
      file,
      access,
      reason,
      missing,
      format,
    }: {
      file: string;
      access: 'read' | 'write';
      reason: string;
      missing: boolean;
      format: string;
    }): Text => ({
      what: missing
        ? `there is no drive ${quote(file)}`
        : `can't ${access === 'read' ? 'read' : 'write to'} the drive ${quote(file)}`,
      why: missing ? undefined : printable(reason),
      fix: missing
        ? sh`qemu-img create -f ${format} ${path(file)} 8G`
        : access === 'write'
          ? advice('write `readonly: true`')
          : undefined,
    }),
  },
  /** `closed`: the folder in the path that the user may not enter. Owner and mode are those of this folder, or of the file. */
  'drive-denied': {
    kind: 'failed',
    text: ({
      file,
      access,
      user,
      closed,
      uid,
      gid,
      mode,
    }: {
      file: string;
      access: 'read' | 'write';
      user: string;
      closed: string | undefined;
      uid: number;
      gid: number;
      mode: number;
    }): Text => ({
      what: `${quote(user)} may not ${access} the drive ${quote(file)}`,
      why: `${closed === undefined ? 'it' : `the folder ${quote(closed)}`} belongs to ${uid}:${gid} and has mode 0${mode.toString(8)}`,
      fix:
        closed === undefined ? sh`sudo chown ${user} ${path(file)}` : sh`sudo setfacl -m u:${user}:x ${path(closed)}`,
    }),
  },
} as const;
