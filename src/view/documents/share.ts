import type { KeptShareReport, VmShare } from '../../vm/index.js';

/** For programs: a share that serves. */
export function shareDocument({ facts: { vm, socket, listen } }: VmShare): Record<string, unknown> {
  return { vm, socket, listen };
}

/** For programs: a share that the agent keeps, or keeps no longer. @param agent - whether an agent of this user runs */
export function keptShareDocument({ vm, listen, outcome }: KeptShareReport, agent: boolean): Record<string, unknown> {
  return { vm, listen, outcome, agent };
}
