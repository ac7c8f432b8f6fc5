import type { NoEvidence, Text } from '../../finding.js';
import { advice, type Fix, sh } from '../../fix.js';
import { printable } from '../../printable.js';
import { type UntrustedEvidence, whyUntrusted } from '../untrusted-path.js';
import { list, quote } from '../words.js';

const WHAT_IS_THERE = {
  file: 'it is a file of another program',
  link: 'it is a link',
  other: 'it is no file',
} as const;

export const service = {
  'manager-untold': {
    kind: 'failed',
    text: ({ reason, missing }: { reason: string; missing: boolean }): Text => ({
      what: 'systemd does not learn that qplug works',
      why: printable(reason),
      fix: missing ? sh`apt-get install systemd` : sh`systemctl status`,
    }),
  },
  'systemd-missing': {
    kind: 'failed',
    text: ({ folder }: { folder: string }): Text => ({
      what: 'this host has no folder for units of systemd',
      where: printable(folder),
      why: 'without systemd, another program keeps `qplug agent` running',
      fix: sh`qplug agent`,
    }),
  },
  'unit-not-ours': {
    kind: 'refused',
    text: ({ path, is }: { path: string; is: 'file' | 'link' | 'other' }): Text => ({
      what: 'qplug does not replace a unit that it did not write',
      where: printable(path),
      why: WHAT_IS_THERE[is],
      fix: [sh`mv ${path} ${`${path}.old`}`, sh`qplug agent install`],
    }),
  },
  'unit-program-unfit': {
    kind: 'failed',
    text: ({ path }: { path: string }): Text => ({
      what: `a unit of systemd can't start ${quote(path)}`,
      why: 'the path must be absolute, without line breaks and invisible characters; that of node also without quotes and backslashes',
      fix: advice('install qplug in a folder with a plain name: `npm install --global qplug`'),
    }),
  },
  'unit-program-untrusted': {
    kind: 'refused',
    text: (evidence: UntrustedEvidence & { program: string }): Text => ({
      what: 'root would run a program that other users can change, at each boot',
      where: printable(evidence.program),
      why: whyUntrusted(evidence),
      fix: fixOfProgram(evidence),
    }),
  },
  'unit-unwritable': {
    kind: 'failed',
    text: ({ folder, reason }: { folder: string; reason: string }): Text => ({
      what: "qplug can't change the units of systemd",
      where: printable(folder),
      why: printable(reason),
      fix: sh`qplug agent install --dry-run`,
    }),
  },
  'units-enabled': {
    kind: 'refused',
    text: ({
      agent,
      vms,
      user,
    }: {
      agent: readonly string[];
      /** Instances of qplug@.service. */
      vms: readonly string[];
      user: boolean;
    }): Text => ({
      what: 'qplug does not remove units that systemd is to start',
      why: `enabled: ${list([...agent, ...vms])}`,
      fix: [
        agent.length === 0
          ? undefined
          : user
            ? sh`systemctl --user disable --now ${agent}`
            : sh`systemctl disable --now ${agent}`,
        vms.length === 0 ? undefined : user ? sh`systemctl --user disable ${vms}` : sh`systemctl disable ${vms}`,
        sh`qplug agent uninstall`,
      ],
    }),
  },
  'units-folder-unknown': {
    kind: 'usage',
    text: (_: NoEvidence): Text => ({
      what: 'no folder for units is set',
      why: 'HOME is not set to an absolute path',
      fix: sh`export HOME=~`,
    }),
  },
} as const;

function fixOfProgram({ path, fault }: UntrustedEvidence): Fix | undefined {
  if (fault === 'writable') return sh`chmod go-w ${path}`;
  return advice('install Node.js and qplug as root, in folders that only root can change');
}
