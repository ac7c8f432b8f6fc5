import type { Finding } from '../../diag/index.js';
import type { ClaimKey } from '../../registry/index.js';

/**
 * The state of one device for one VM.
 *
 * - `attached`: the VM has it · `changing`: a process attaches or detaches it now
 * - `due`: the agent attaches it next · `waiting`: a try failed; `next` is the time of the next one
 * - `settling`: the kernel has not configured it yet
 * - `absent`: it is not plugged in · `lost`: it vanished while the VM had it
 * - `ambiguous`: the wish matches several devices · `yields`: another VM has it, or has the better wish
 * - `asks`: it is there, and a person decides
 * - `detached`: a person took it from this VM · `quarantined`: its connector flaps
 */
export type Condition =
  | { readonly is: 'attached' | 'changing' | 'due' | 'absent' | 'lost' | 'detached' | 'asks' }
  | { readonly is: 'waiting'; readonly reason: readonly Finding[]; readonly next: number }
  | { readonly is: 'quarantined' | 'settling'; readonly next: number }
  | { readonly is: 'ambiguous'; readonly labels: readonly string[] }
  | { readonly is: 'yields'; readonly to: string };

/** One line of the agent's account: a VM and a device that it has, had, or is to have. */
export interface DeviceAccount {
  readonly vm: string;
  /** The same for the same subject in every look. */
  readonly subject: string;
  /** For messages; printable: a device's label, or the selector of an absent one. */
  readonly label: string;
  /** The wish, if one stands. */
  readonly wish: string | undefined;
  /** Undefined if no device is known for it. */
  readonly device: ClaimKey | undefined;
  readonly condition: Condition;
}
