import type { HolderProcess } from '../../diag/index.js';
import { pidsOf, processOf } from './holders.js';
import type { HostFiles } from './host-files.js';

/** Interface class of smart-card readers (USB CCID 1.1). */
export const SMART_CARD = 0x0b;

/** Daemons that serve smart cards and security keys. */
const DAEMONS: readonly string[] = ['pcscd', 'scdaemon', 'gpg-agent', 'openct'];

/** @returns the running daemons for smart cards, ordered by pid */
export function tokenDaemons(files: HostFiles): readonly HolderProcess[] {
  return pidsOf(files)
    .map((pid) => processOf(files, pid))
    .filter(({ name }) => DAEMONS.includes(name));
}

/**
 * Whether a hidraw device is a security key: its report descriptor contains the FIDO usage page 0xF1D0 as a global item of two bytes, `06
 * d0 f1` (CTAP 2.1, 11.2.8.2; HID 1.11, 6.2.2.7).
 */
export function isSecurityKey(files: HostFiles, hidraw: string): boolean {
  return files.bytes(`/sys/class/hidraw/${hidraw}/device/report_descriptor`)?.includes(FIDO_PAGE) === true;
}

const FIDO_PAGE = Buffer.from([0x06, 0xd0, 0xf1]);
