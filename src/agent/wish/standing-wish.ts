import type { Selector } from '../../host/index.js';

/** A wish that stands while nobody takes it back: a VM is to have a device whenever both are there. */
export interface StandingWish {
  readonly vm: string;
  /** Unique in the VM: `file 0`, `assignment 3`. */
  readonly name: string;
  readonly selector: Selector;
  readonly controller: string | undefined;
  readonly port: string | undefined;
  readonly slower: 'refuse' | 'allow';
  /** ms for which the VM keeps the connector of a device that vanished. */
  readonly hold: number;
  /** The ids or classes to which the device may change, as typed; empty: any. */
  readonly also: readonly string[];
  /** An entry of a VM file takes one device; an assignment takes every device that it matches. */
  readonly takes: 'one' | 'all';
  /** Whether a person attaches the device: the agent only says that it is there. */
  readonly asks: boolean;
  /** When somebody made it: ISO 8601. Of two equal wishes the older wins. */
  readonly made: string;
}

/** ms for which a VM keeps the connector of a device that vanished, unless its assignment gives another time. */
export const DEFAULT_HOLD = 30_000;
