import type { HostDevice, HostInventory } from '../../host/index.js';
import type { Claim, ClaimKey, LostDevice } from '../../registry/index.js';
import type { StandingWish } from '../wish/index.js';

/** A VM at one moment, with everything that says which devices it is to have. */
export interface VmSight {
  readonly vm: string;
  /** Changes when another QEMU takes the VM's place: a failure of the former one says nothing about the new one. */
  readonly incarnation: string;
  /** `held`: the VM is suspended, so its devices are with the host. `leaving`: its devices go to the host, because the host is to sleep. */
  readonly state: 'up' | 'held' | 'leaving';
  readonly wishes: readonly StandingWish[];
  /** The VM's claims. */
  readonly claims: readonly Claim[];
  readonly lost: readonly LostDevice[];
  /** Devices that a person detached from it. */
  readonly dismissed: readonly ClaimKey[];
  /** Whether the agent is changing it now. */
  readonly isBusy: boolean;
  /** Whether the agent may ask its QEMU when nothing has happened: the VM has a monitor for qplug alone. */
  readonly isOwn: boolean;
  /** When the agent last asked it, in ms of `Sight.time`. */
  readonly checked: number | undefined;
}

/** The host and its VMs at one moment: read once for each look. */
export interface Sight {
  readonly inventory: HostInventory;
  readonly vms: readonly VmSight[];
  /** Claims of VMs that are not among `vms`. */
  readonly foreign: readonly Claim[];
  /** When the agent first saw each device, by `seenKey`, in ms of `time`. */
  readonly firstSeen: ReadonlyMap<string, number>;
  /** Ids and serial numbers, by `identityOf`, of which the agent has seen two devices at once: they identify no device. */
  readonly twins: ReadonlySet<string>;
  /** ms of a clock that never jumps. */
  readonly time: number;
  /** ms since 1970, to compare with records. */
  readonly wall: number;
}

/** @returns the same text for the same ids and serial number */
export function identityOf({ vendorId, productId, serial = '' }: Identity): string {
  return JSON.stringify([vendorId, productId, serial]);
}

type Identity = Pick<HostDevice, 'vendorId' | 'productId' | 'serial'>;

/** @returns the identities that several of these devices have, with a serial number */
export function twinsAmong(devices: readonly Identity[]): Set<string> {
  const seen = new Set<string>();
  const twins = devices.filter(({ serial = '' }) => serial !== '').map(identityOf);
  return new Set(twins.filter((one) => seen.size === seen.add(one).size));
}

/** @returns the same text for the same device at the same address */
export function seenKey({ port, bus, address }: HostDevice): string {
  return `${port} ${bus}.${address}`;
}
