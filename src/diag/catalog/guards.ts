import type { Catalog } from '../finding.js';
import { advice, options, sh } from '../fix.js';
import type { Guard } from '../guard.js';
import { guardWords } from '../guard-words.js';
import { printable } from '../printable.js';
import { type UntrustedEvidence, whyUntrusted } from './base.js';

/** The findings about who may have a device: guards of the host, and its policy. `label` is printable. */
export interface GuardEvidence {
  'device-guarded': { readonly label: string; readonly vm: string; readonly guard: Guard };
  /** `list`: whose rule it was; `allow` means that none of them fits. */
  'policy-denied': {
    readonly label: string;
    readonly vm: string;
    readonly path: string;
    readonly list: 'allow' | 'deny';
  };
  'passthrough-disabled': { readonly label: string; readonly vm: string; readonly path: string };
  /** What follows it says what is wrong. */
  'policy-unusable': { readonly path: string };
  'policy-wrong': { readonly reason: string };
  'policy-untrusted': UntrustedEvidence;
}

export const guardCatalog: Catalog<GuardEvidence> = {
  'device-guarded': {
    kind: 'refused',
    text: ({ label, vm, guard }) => {
      const { subject, breaks, mend } = guardWords(guard);
      const anyway = `takes it all the same (in the VM file: guard-off: [${guard.kind}])`;
      const off = options`--guard-off ${guard.kind}`;
      const ways = mend === undefined ? [off, advice(`that ${anyway}`)] : [mend, advice('or: ', off, ` ${anyway}`)];
      return {
        what: `${printable(vm)} does not get ${label}, which is in use here: ${subject}`,
        why: breaks,
        fix: guard.kind === 'hub' ? undefined : ways,
      };
    },
  },
  'policy-denied': {
    kind: 'refused',
    text: ({ label, vm, path, list }) => ({
      what: `the policy of this host keeps ${label} from ${printable(vm)}`,
      where: list === 'allow' ? printable(path) : undefined,
      why:
        list === 'deny'
          ? 'this rule under deny means it'
          : 'the policy lists under allow what may be passed through, and no rule there means it',
    }),
  },
  'passthrough-disabled': {
    kind: 'refused',
    text: ({ label, vm, path }) => ({
      what: `the policy of this host passes no device through, so ${printable(vm)} does not get ${label}`,
      where: printable(path),
      why: 'it says `enabled: false`',
    }),
  },
  'policy-unusable': {
    kind: 'refused',
    text: ({ path }) => ({
      what: 'the policy of this host can not be used, so no device is passed through',
      where: printable(path),
      why: 'nobody can say what it was meant to forbid',
    }),
  },
  'policy-wrong': { kind: 'usage', text: ({ reason }) => ({ what: printable(reason) }) },
  'policy-untrusted': {
    kind: 'refused',
    text: (evidence) => ({
      what: 'others than root can change it',
      why: whyUntrusted(evidence),
      fix: evidence.fault === 'writable' ? sh`chmod go-w ${evidence.path}` : sh`chown root: ${evidence.path}`,
    }),
  },
};
