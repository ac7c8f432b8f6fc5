import { ownUid, rightsOfProcess, selfIdentity } from '../base/index.js';
import { type Finding, finding, type GuardKind, QplugError } from '../diag/index.js';
import { bindingsOf, connectorName, type HostDevice, type HostInventory, labelOf } from '../host/index.js';
import { type Claim, type ClaimKey, type ClaimOwner, type Suspension, sameKey, sameOwner } from '../registry/index.js';
import { giveBack } from './give-back.js';
import { type HostAccess, inventoryOf } from './host-access.js';
import { ownerOf, presenceOf, type VmTarget } from './owner.js';

/** @returns which physical device this is, whatever its bus.addr */
export function keyOf(device: HostDevice, inventory: HostInventory): ClaimKey {
  const { vendorId, productId, serial = '' } = device;
  return { connector: connectorName(device, inventory), vendorId, productId, serial };
}

/** @returns the claim on a device */
export function claimOn(device: HostDevice, inventory: HostInventory, claims: readonly Claim[]): Claim | undefined {
  const key = keyOf(device, inventory);
  return claims.find((claim) => sameKey(claim.key, key));
}

/** @returns the device of a claim, when it is plugged in */
export function claimedDevice({ key }: Claim, inventory: HostInventory): HostDevice | undefined {
  return keyed(key, inventory);
}

/** @returns the physical device that a key means, when it is plugged in */
export function keyed(key: ClaimKey, inventory: HostInventory): HostDevice | undefined {
  return inventory.devices.find((device) => sameKey(keyOf(device, inventory), key));
}

/** A device of the host that a VM gets, or gets back. */
export interface ClaimWish {
  /** Its id in the VM. */
  readonly id: string;
  /** Undefined for a device that QEMU makes itself: nobody claims that. */
  readonly host: HostDevice | undefined;
  /** Guards that speak against it, and were taken away by somebody who knows better. */
  readonly guardOff?: readonly GuardKind[] | undefined;
  /** The rest goes on without it where it belongs to another VM. */
  readonly optional?: boolean | undefined;
}

/** @returns the claims that are needed for these devices, with the drivers that they have now */
export function claimsFor(wanted: readonly ClaimWish[], owner: ClaimOwner, inventory: HostInventory): Claim[] {
  const worker = selfIdentity();
  const since = new Date().toISOString();
  return wanted.flatMap(({ id, host: device, guardOff = [] }): Claim[] => {
    if (device === undefined) return [];
    return [
      {
        key: keyOf(device, inventory),
        owner,
        state: 'attaching',
        reason: undefined,
        worker,
        device: id,
        label: labelOf(device),
        port: device.port,
        drivers: bindingsOf(device),
        since,
        address: addressOf(device),
        guardOff: [...new Set(guardOff)],
      },
    ];
  });
}

const addressOf = ({ bus, address }: HostDevice): string => `${bus}.${address}`;

/**
 * Why a VM has no longer what it was given, as the host shows it. QEMU opens one device node, and says that it has it until its guest next
 * asks for something; a device that was pulled comes back with another address, and not to QEMU.
 *
 * @returns words for people; undefined where nothing speaks against it
 */
export function lossOf(claim: Claim, inventory: HostInventory): string | undefined {
  if (claim.address === undefined) return undefined;
  const device = claimedDevice(claim, inventory);
  if (device === undefined) return 'it was pulled';
  return addressOf(device) === claim.address ? undefined : 'it was plugged in again since, which QEMU does not follow';
}

/**
 * @param claims - of any VMs
 * @param inventory - this host's, read when it is needed
 * @returns those whose VM is there, as far as anybody can say
 */
export async function livingClaims(claims: readonly Claim[], inventory: () => HostInventory): Promise<Claim[]> {
  const living = await Promise.all(claims.map((claim) => mayLive(claim, inventory)));
  return claims.filter((_, i) => living[i]);
}

/** Of a VM that can't be seen the kernel tells whether any program has the device: usbfs is its driver then (usb_driver_claim_interface). */
async function mayLive(claim: Claim, inventory: () => HostInventory): Promise<boolean> {
  const presence = await presenceOf(claim.owner);
  if (presence !== 'unknown') return presence === 'there';
  const device = claimedDevice(claim, inventory());
  return device !== undefined && bindingsOf(device).some(([, driver]) => driver === 'usbfs');
}

/** How often a claim of a VM that is gone is given back, while others claim the device as well. */
const TAKE_TRIES = 5;

/**
 * Takes devices for a VM: all of them or none. A claim whose VM is gone is given back to the host on the way.
 *
 * @returns what was given back on the way
 * @throws QplugError `device-claimed` for each that belongs to another VM · `store-…`; nothing was taken then
 */
export async function takeClaims(claims: readonly Claim[], host: HostAccess): Promise<Finding[]> {
  const findings: Finding[] = [];
  if (claims.length === 0) return findings;
  for (let tries = 0; ; tries++) {
    const others = host.claims.take(claims);
    if (others.length === 0) return findings;
    const living = tries < TAKE_TRIES ? await livingClaims(others, () => inventoryOf(host)) : others;
    const [first, ...rest] = living.map(claimedFinding);
    if (first !== undefined) throw new QplugError([first, ...rest]);
    findings.push(...(await giveBackClaims(others, host)));
  }
}

/** @returns the finding that a device belongs to another VM */
export function claimedFinding({ label, owner, state, since }: Claim): Finding {
  return finding('device-claimed', { label, vm: owner.vm, pid: owner.process?.pid, state, since });
}

/**
 * Gives devices back to the host whose VM is gone, or has them no longer, and forgets the claims. Where the host's drivers can't be
 * brought back the claim is forgotten all the same, and it is said.
 *
 * @param claims - as they were seen; one that somebody changed since is not touched
 */
export async function giveBackClaims(claims: readonly Claim[], host: HostAccess): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const claim of claims) {
    const device = claimedDevice(claim, inventoryOf(host));
    if (device !== undefined) findings.push(...(await giveBack(device, claim.drivers, host)));
    host.claims.change([claim], () => undefined);
  }
  return findings;
}

/** @returns the claims of a VM */
export function claimsOf(owner: ClaimOwner, host: HostAccess): Claim[] {
  return host.claims.list().filter((claim) => sameOwner(claim.owner, owner));
}

/** @returns the claims of a VM; none where they can't be read: what is wrong with them is said by whoever must take one */
export function readableClaims(vm: VmTarget, host: HostAccess): readonly Claim[] {
  try {
    return claimsOf(ownerOf(vm), host);
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
    return [];
  }
}

/**
 * Whether a QEMU is believed that a device is its own. One that has less rights than qplug could name any, to get it: there the claim
 * tells.
 */
export function isBelieved(key: ClaimKey, owner: ClaimOwner, host: HostAccess): boolean {
  const uid = owner.process && rightsOfProcess(owner.process)?.uids[3];
  // one that can't be told may be anybody's, where we could hand over what is not theirs
  if (uid === undefined ? ownUid() !== 0 : uid === 0 || uid === ownUid()) return true;
  return claimsOf(owner, host).some((claim) => sameKey(claim.key, key));
}

/** @returns what a VM gets back when it is resumed; undefined when it was not suspended */
export function suspensionOf(owner: ClaimOwner, host: HostAccess): Suspension | undefined {
  return host.claims.suspensions.list().find((one) => sameOwner(one.owner, owner));
}
