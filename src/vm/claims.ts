import { selfIdentity } from '../base/index.js';
import { type Finding, finding, QplugError } from '../diag/index.js';
import { bindingsOf, connectorName, type HostDevice, type HostInventory } from '../host/index.js';
import { type Claim, type ClaimKey, type ClaimOwner, sameKey } from '../registry/index.js';
import { giveBack } from './give-back.js';
import { type HostAccess, inventoryOf } from './host-access.js';
import { presenceOf } from './owner.js';
import { labelOf, type Wanted } from './wanted.js';

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

/** @returns the claims that are needed for these devices, with the drivers that they have now */
export function claimsFor(
  wanted: readonly Pick<Wanted, 'id' | 'host' | 'guardOff'>[],
  owner: ClaimOwner,
  inventory: HostInventory,
): Claim[] {
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
