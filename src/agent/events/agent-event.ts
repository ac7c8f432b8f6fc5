import type { Finding } from '../../diag/index.js';

/** A host device in an event. Texts are raw. */
export interface EventDevice {
  /** The sysfs name: `1-2.3`. */
  readonly port: string;
  readonly vendorId: number;
  readonly productId: number;
  readonly serial: string | undefined;
  readonly name: string;
}

/**
 * What an agent has seen or done. QEMU sends no event for a usb-host that lost its device, so all of these are derived from two looks, one
 * after the other.
 */
export type AgentEvent =
  | { readonly event: 'device-seen' | 'device-gone'; readonly device: EventDevice }
  | { readonly event: 'vm-up' | 'vm-down' | 'vm-held' | 'vm-leaving'; readonly vm: string }
  | { readonly event: 'wish-made' | 'wish-ended'; readonly vm: string; readonly wish: string; readonly select: string }
  | {
      readonly event: 'attached' | 'detached' | 'lost' | 'absent' | 'changing' | 'asks';
      readonly vm: string;
      readonly label: string;
    }
  | {
      /** `refused`: a rule keeps the device from the VM. `waiting`: a try failed. Both are tried again after `retryIn` ms. */
      readonly event: 'refused' | 'waiting';
      readonly vm: string;
      readonly label: string;
      readonly findings: readonly Finding[];
      readonly retryIn: number;
    }
  | { readonly event: 'quarantined'; readonly vm: string; readonly label: string; readonly retryIn: number }
  | { readonly event: 'ambiguous'; readonly vm: string; readonly label: string; readonly labels: readonly string[] }
  | { readonly event: 'yields'; readonly vm: string; readonly label: string; readonly to: string }
  | { readonly event: 'share-up'; readonly vm: string; readonly listen: string }
  | {
      /** A share ended, or a try to start it failed. */
      readonly event: 'share-down';
      readonly vm: string;
      readonly listen: string;
      /** Why; none if a person ended it, or its VM's socket is not there. */
      readonly findings: readonly Finding[];
      /** ms until the next try; absent if none is due. */
      readonly retryIn?: number;
    };
