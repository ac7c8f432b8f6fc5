import type { VmShare } from '../../vm/index.js';

/** For programs: a share that serves. */
export function shareDocument({ facts: { vm, socket, listen } }: VmShare): Record<string, unknown> {
  return { vm, socket, listen };
}
