import { ownUid, rightsOfProcess, selfIdentity } from '../base/index.js';
import { type Finding, finding, type GuardKind, QplugError } from '../diag/index.js';
import { bindingsOf, connectorName, type HostDevice, type HostInventory, labelOf } from '../host/index.js';
import { type Claim, type ClaimKey, type ClaimOwner, type Suspension, sameKey, sameOwner } from '../registry/index.js';
import { giveBack } from './give-back.js';
import { type HostAccess, inventoryOf } from './host-access.js';
import { ownerOf, presenceOf, type VmTarget } from './owner.js';

/** @returns the key of a physical device, independent of its bus.addr */
export function keyOf(device: HostDevice, inventory: HostInventory): ClaimKey {
  const { vendorId, productId, serial = '' } = device;
  return { connector: connectorName(device, inventory), vendorId, productId, serial };
}

/** @returns the claim on a device */
export function claimOn(device: HostDevice, inventory: HostInventory, claims: readonly Claim[]): Claim | undefined {
  const key = keyOf(device, inventory);
  return claims.find((claim) => sameKey(claim.key, key));
}

/** @returns the device of a claim, if it is plugged in */
export function claimedDevice({ key }: Claim, inventory: HostInventory): HostDevice | undefined {
  return keyed(key, inventory);
}

/** @returns the physical device with this key, if it is plugged in */
export function keyed(key: ClaimKey, inventory: HostInventory): HostDevice | undefined {
  return inventory.devices.find((device) => sameKey(keyOf(device, inventory), key));
}

/** A host device to claim for a VM. */
export interface ClaimWish {
  /** Its id in the VM. */
  readonly id: string;
  /** Undefined for an emulated device, which needs no claim. */
  readonly hostDevice: HostDevice | undefined;
  /** Guards against it that the user switched off. */
  readonly guardOff?: readonly GuardKind[] | undefined;
  /** Whether the operation continues without the device if it belongs to another VM. */
  readonly optional?: boolean | undefined;
}

/** @returns the claims on these devices, with their present drivers */
export function claimsFor(wanted: readonly ClaimWish[], owner: ClaimOwner, inventory: HostInventory): Claim[] {
  const worker = selfIdentity();
  const since = new Date().toISOString();
  return wanted.flatMap(({ id, hostDevice: device, guardOff = [] }): Claim[] => {
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
 * Checks on the host whether a VM has lost a device. QEMU opens one device node, and shows it as attached until its guest next uses it; a
 * replugged device has another address, so QEMU does not have it.
 *
 * @returns the reason in words; undefined if there is no sign of a loss
 */
export function lossOf(claim: Claim, inventory: HostInventory): string | undefined {
  if (claim.address === undefined) return undefined;
  const device = claimedDevice(claim, inventory);
  if (device === undefined) return 'it was unplugged';
  return addressOf(device) === claim.address
    ? undefined
    : 'it was replugged, and QEMU does not open it again by itself';
}

/**
 * @param claims - claims of any VMs
 * @param inventory - reads this host's devices if necessary
 * @returns the claims whose VM exists, as far as qplug can see
 */
export async function livingClaims(claims: readonly Claim[], inventory: () => HostInventory): Promise<Claim[]> {
  const living = await Promise.all(claims.map((claim) => mayLive(claim, inventory)));
  return claims.filter((_, i) => living[i]);
}

/** If the VM can't be seen, the kernel shows whether any program has the device: its driver is then usbfs (usb_driver_claim_interface). */
async function mayLive(claim: Claim, inventory: () => HostInventory): Promise<boolean> {
  const presence = await presenceOf(claim.owner);
  if (presence !== 'unknown') return presence === 'there';
  const device = claimedDevice(claim, inventory());
  return device !== undefined && bindingsOf(device).some(([, driver]) => driver === 'usbfs');
}

/** Number of attempts to return the claim of an ended VM while other commands claim the device too. */
const TAKE_TRIES = 5;

/**
 * Claims devices for a VM: all of them or none. Returns the devices of ended VMs to the host on the way.
 *
 * @returns findings about the returned devices
 * @throws QplugError `device-claimed` for each device of another VM · `store-…`; then no device is claimed
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
 * Returns devices to the host if their VM is gone or no longer has them, and deletes the claims. If the host's drivers cannot be restored,
 * it deletes the claim all the same and reports that.
 *
 * @param claims - as read before; a claim that another command has changed since is not deleted
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

/** @returns the claims of a VM; none if they cannot be read, because a command that must claim a device reports the error */
export function readableClaims(vm: VmTarget, host: HostAccess): readonly Claim[] {
  try {
    return claimsOf(ownerOf(vm), host);
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
    return [];
  }
}

/**
 * Whether qplug trusts QEMU's statement that it has a device. A QEMU with fewer permissions than qplug could name any device to obtain it.
 * Only a claim proves the statement of such a QEMU.
 */
export function isBelieved(key: ClaimKey, owner: ClaimOwner, host: HostAccess): boolean {
  const uid = owner.process && rightsOfProcess(owner.process)?.uids[3];
  // as root qplug could give an unknown user another user's device
  if (uid === undefined ? ownUid() !== 0 : uid === 0 || uid === ownUid()) return true;
  return claimsOf(owner, host).some((claim) => sameKey(claim.key, key));
}

/** @returns the record of a suspended VM; undefined if it is not suspended */
export function suspensionOf(owner: ClaimOwner, host: HostAccess): Suspension | undefined {
  return host.claims.suspensions.list().find((one) => sameOwner(one.owner, owner));
}
