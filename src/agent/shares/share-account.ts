import type { Finding } from '../../diag/index.js';

/**
 * The state of one share.
 *
 * - `up`: it serves · `starting`: the agent connects to QEMU · `ending`: its clients are being ended
 * - `absent`: the VM's socket is not there
 * - `busy`: the agent itself uses the VM's only monitor, and starts the share as soon as it is done
 * - `waiting`: the last try failed, or the share ended early; `next` is the time of the next try
 */
export type ShareCondition =
  | { readonly is: 'up' | 'starting' | 'ending' | 'absent' | 'busy' }
  | { readonly is: 'waiting'; readonly reason: readonly Finding[]; readonly next: number };

/** One line of the agent's account of shares. */
export interface ShareAccount {
  readonly vm: string;
  /** The socket that the agent serves, or is to serve: absolute. */
  readonly listen: string;
  readonly condition: ShareCondition;
}
