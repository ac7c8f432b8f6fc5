import { printable } from '../printable.js';

/** Why other users can change or replace a file or folder. */
export interface UntrustedEvidence {
  /** The file or folder itself, or a folder above it. */
  readonly path: string;
  readonly fault: 'link' | 'owner' | 'writable';
  /** Its owner. */
  readonly uid: number;
  readonly mode: number;
}

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
