import { parseTcpAddress } from '../../base/index.js';
import { fail } from '../../diag/index.js';

/** A VM that is named by its monitor's port, by its process, or by its container. */
export type VmWord =
  /** `socket`: as `formatAddress` writes it. */
  | { readonly by: 'tcp'; readonly socket: string }
  | { readonly by: 'pid'; readonly pid: number }
  /** `container`: `NAME` or `ENGINE/NAME`. */
  | { readonly by: 'container'; readonly container: string };

/** The greatest pid on Linux (PID_MAX_LIMIT, include/linux/threads.h). */
const MOST_PID = 4_194_304;

/** What container engines allow for a name (docker: RestrictedNameChars in daemon/names/names.go), before it the engine. */
const CONTAINER = /^(?:[a-z]{1,20}\/)?[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/;

/**
 * @returns the meaning of `tcp:HOST:PORT`, `pid:PID` and `container:NAME`; undefined for any other word, which is a name or a path
 * @throws QplugError `vm-word-wrong` if the word begins like one of these, and is none
 */
export function parseVmWord(word: string): VmWord | undefined {
  const [, kind, rest = ''] = /^(tcp|pid|container):(.*)$/s.exec(word) ?? [];
  if (kind === undefined) return undefined;
  if (kind === 'container') {
    if (CONTAINER.test(rest)) return { by: 'container', container: rest };
  } else if (kind === 'pid' && /^\d{1,7}$/.test(rest)) {
    const pid = Number(rest);
    if (pid >= 1 && pid <= MOST_PID) return { by: 'pid', pid };
  } else if (parseTcpAddress(word) !== undefined) {
    return { by: 'tcp', socket: word };
  }
  throw fail('vm-word-wrong', { word, kind: kind as VmWord['by'] });
}

/** @returns whether the word names a VM by `tcp:`, `pid:` or `container:`, rightly or wrongly */
export function isVmWord(word: string): boolean {
  return /^(tcp|pid|container):/.test(word);
}
