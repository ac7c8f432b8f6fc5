import type { Text } from '../../finding.js';
import { advice, options, sh } from '../../fix.js';
import type { Guard } from '../../guard.js';
import { guardWords } from '../../guard-words.js';
import { printable } from '../../printable.js';
import { type UntrustedEvidence, whyUntrusted } from '../untrusted-path.js';

export const permission = {
  'device-guarded': {
    kind: 'refused',
    text: ({ label, vm, guard }: { label: string; vm: string; guard: Guard }): Text => {
      const { subject, breaks, mend } = guardWords(guard);
      const anyway = `passes it through anyway (in the VM file: guard-off: [${guard.kind}])`;
      const off = options`--guard-off ${guard.kind}`;
      const ways = mend === undefined ? [off, advice(`this ${anyway}`)] : [mend, advice('or: ', off, ` ${anyway}`)];
      return {
        what: `${printable(vm)} does not get ${label}, which is in use here: ${subject}`,
        why: breaks,
        fix: guard.kind === 'hub' ? undefined : ways,
      };
    },
  },
  /** `port`: the host port of the device; `guard`: the host's use of it. */
  'stays-with-host': {
    kind: 'refused',
    text: ({ label, vm, port, guard }: { label: string; vm: string; port: string; guard: Guard }): Text => {
      const { subject, mend } = guardWords(guard);
      return {
        what: `${printable(label)} stays with the host; qplug did not put it back into ${printable(vm)}`,
        why: `the host has begun to use it since it was unplugged: ${subject}`,
        fix: [mend, sh`qplug attach ${vm} ${port}`],
      };
    },
  },
  'device-denied': {
    kind: 'refused',
    text: ({ label, vm, rule }: { label: string; vm: string; rule: string | undefined }): Text => ({
      what: `${printable(vm)} may not have ${printable(label)}`,
      why:
        rule === undefined
          ? 'usb.allow in its file does not list the device'
          : `usb.deny in its file has ${printable(rule)}`,
    }),
  },
  /** `list`: `deny` if a rule there matches; `allow` if no rule there matches. */
  'policy-denied': {
    kind: 'refused',
    text: ({ label, vm, path, list }: { label: string; vm: string; path: string; list: 'allow' | 'deny' }): Text => ({
      what: `the policy of this host keeps ${label} from ${printable(vm)}`,
      where: list === 'allow' ? printable(path) : undefined,
      why: list === 'deny' ? 'this rule under deny matches it' : 'no rule under allow matches it',
    }),
  },
  'passthrough-disabled': {
    kind: 'refused',
    text: ({ label, vm, path }: { label: string; vm: string; path: string }): Text => ({
      what: `the policy of this host passes no device through, so ${printable(vm)} does not get ${label}`,
      where: printable(path),
      why: 'it says `enabled: false`',
    }),
  },
  /** The findings after it say what is wrong with the policy. */
  'policy-unusable': {
    kind: 'refused',
    text: ({ path }: { path: string }): Text => ({
      what: "can't use the policy of this host, so qplug passes no device through",
      where: printable(path),
      why: 'qplug does not know what it should forbid',
    }),
  },
  'policy-wrong': {
    kind: 'usage',
    text: ({ reason }: { reason: string }): Text => ({ what: printable(reason) }),
  },
  'policy-untrusted': {
    kind: 'refused',
    text: (evidence: UntrustedEvidence): Text => ({
      what: 'users other than root can change it',
      why: whyUntrusted(evidence),
      fix: evidence.fault === 'writable' ? sh`chmod go-w ${evidence.path}` : sh`chown root: ${evidence.path}`,
    }),
  },
} as const;
