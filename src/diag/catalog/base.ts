import type { Catalog } from '../finding.js';
import { advice, type Fix, sh } from '../fix.js';
import { printable } from '../printable.js';

/** Why others can change a file or folder, or put another in its place. */
export interface UntrustedEvidence {
  /** The thing itself, or a folder above it. */
  readonly path: string;
  readonly fault: 'link' | 'owner' | 'writable';
  /** Its owner. */
  readonly uid: number;
  readonly mode: number;
}

/** The findings of src/base, each with its evidence. */
export interface BaseEvidence {
  /** `us`: who runs qplug. */
  'folder-not-ours': UntrustedEvidence & { readonly folder: string; readonly us: number };
  /** `path`: as it was typed, `-` for standard input; `timeout` in ms. */
  'input-unfinished': { readonly path: string; readonly timeout: number };
}

/** @returns the reason, as a clause */
export function whyUntrusted({ path, fault, uid, mode }: UntrustedEvidence): string {
  const it = printable(path);
  switch (fault) {
    case 'link':
      return `${it} is a link, and whoever made it says where it leads`;
    case 'owner':
      return `${it} belongs to user ${uid}`;
    case 'writable':
      return `others may write in ${it} (mode 0${mode.toString(8)})`;
  }
}

/** What makes it all right again, where that is clear. */
function fixOf({ path, fault, folder, us }: BaseEvidence['folder-not-ours']): Fix | undefined {
  if (fault === 'writable') return sh`chmod go-w ${path}`;
  if (fault === 'owner' && path === folder && us !== 0) return sh`export XDG_RUNTIME_DIR=/run/user/$(id -u)`;
  return [sh`unset QPLUG_RUNTIME_DIR QPLUG_STATE_DIR`, advice('or name folders there that are yours alone')];
}

export const baseCatalog: Catalog<BaseEvidence> = {
  'input-unfinished': {
    kind: 'timeout',
    text: ({ path, timeout }) => ({
      what: `${path === '-' ? 'standard input' : printable(path)} had not ended within ${timeout / 1000} s`,
      why: 'it is a pipe, and whoever writes into it has it open still',
      fix: advice('write what it is to say into a file, and name that'),
    }),
  },
  'folder-not-ours': {
    kind: 'failed',
    text: (evidence) => ({
      what: 'qplug keeps nothing in a folder that others can change',
      where: printable(evidence.folder),
      why: whyUntrusted(evidence),
      fix: fixOf(evidence),
    }),
  },
};
