import {
  awaitHostDrivers,
  claimedDevice,
  claimOn,
  giveBackClaims,
  type HostAccess,
  inventoryOf,
  livingClaims,
  ownerOf,
} from '../../../access/index.js';
import { hasEnded } from '../../../base/index.js';
import { type Finding, fail } from '../../../diag/index.js';
import { formatId, type HostDevice, isSelector, labelOf, matchSelector, parseSelector } from '../../../host/index.js';
import { type Claim, sameOwner } from '../../../registry/index.js';
import type { Operation } from '../../operation.js';
import { openVm } from '../../target/index.js';
import { detach } from './detach.js';

/** One action of a release; they run in this order. */
export type ReleaseAction =
  /** Detaches the device from its VM. */
  | { readonly action: 'detach'; readonly vm: string; readonly id: string }
  /** Binds its interfaces to their former drivers. */
  | { readonly action: 'rebind'; readonly drivers: Claim['drivers'] }
  /** Deletes the claim. */
  | { readonly action: 'forget'; readonly vm: string };

export interface ReleaseReport {
  readonly label: string;
  /** Undefined: no VM had claimed it, so qplug only checks its drivers. */
  readonly claim: Claim | undefined;
  readonly actions: readonly ReleaseAction[];
  readonly done: boolean;
  readonly findings: readonly Finding[];
}

/**
 * Returns a device to the host, whichever VM has it: detaches it, restores its drivers, and deletes its claim.
 *
 * @param word - a selector of a host device, or its id in the VM
 * @param carryOut - whether to do it; otherwise only the actions are returned
 * @throws QplugError `not-claimed` · `claim-ambiguous` · `claim-in-use`: another qplug is using it now · as `openVm`, `detach`
 */
export async function release(
  word: string,
  carryOut: boolean,
  host: HostAccess,
  operation: Operation,
): Promise<ReleaseReport> {
  const { label, claim, device } = findDevice(word, host);
  if (claim?.worker !== undefined && !hasEnded(claim.worker)) {
    throw fail('claim-in-use', { label, vm: claim.owner.vm, pid: claim.worker.pid, state: claim.state });
  }
  const [living] = claim === undefined ? [] : await livingClaims([claim], () => inventoryOf(host));
  const actions = actionsFor(claim, living, device);
  if (!carryOut) return { label, claim, actions, done: false, findings: [] };
  const findings = await carryOutRelease(claim, living, device, host, operation);
  return { label, claim, actions, done: true, findings };
}

/** @param living - the claim, if its VM exists */
function actionsFor(
  claim: Claim | undefined,
  living: Claim | undefined,
  device: HostDevice | undefined,
): ReleaseAction[] {
  const actions: ReleaseAction[] = [];
  if (living !== undefined) actions.push({ action: 'detach', vm: living.owner.vm, id: living.device });
  if (device !== undefined) actions.push({ action: 'rebind', drivers: claim?.drivers ?? [] });
  if (claim !== undefined) actions.push({ action: 'forget', vm: claim.owner.vm });
  return actions;
}

async function carryOutRelease(
  claim: Claim | undefined,
  living: Claim | undefined,
  device: HostDevice | undefined,
  host: HostAccess,
  operation: Operation,
): Promise<Finding[]> {
  if (claim === undefined) return device === undefined ? [] : awaitHostDrivers([device], host);
  if (living === undefined) return giveBackClaims([claim], host);
  await using vm = await openVm(claim.owner.socket, host, operation);
  const { vm: name, socket, process } = claim.owner;
  if (!sameOwner(ownerOf(vm), claim.owner)) throw fail('socket-of-another-vm', { vm: name, socket, pid: process?.pid });
  const { findings } = await detach(vm, [claim.device], host, { ...operation, kind: 'release' });
  return [...findings];
}

interface ReleasedDevice {
  readonly label: string;
  readonly claim: Claim | undefined;
  readonly device: HostDevice | undefined;
}

/** Finds the device that a word matches: first among the claims, then among all plugged-in devices. */
function findDevice(word: string, host: HostAccess): ReleasedDevice {
  const claims = host.claims.list();
  const inventory = inventoryOf(host);
  const selector = parseSelector(word);
  const present = isSelector(selector) ? matchSelector(selector, inventory) : [];
  const meant = claims.filter((claim) => {
    if (claim.device === word || claim.port === word) return true;
    const device = claimedDevice(claim, inventory);
    return device === undefined ? matchesClaim(word, claim) : present.some(({ port }) => port === device.port);
  });
  const [claim] = meant;
  if (meant.length > 1) {
    throw fail('claim-ambiguous', {
      selector: word,
      devices: meant.map(({ label, device }) => ({ label, id: device })),
    });
  }
  if (claim !== undefined) return { label: claim.label, claim, device: claimedDevice(claim, inventory) };
  const unclaimed = present.filter((device) => claimOn(device, inventory, claims) === undefined);
  const [device] = unclaimed;
  if (device === undefined || unclaimed.length > 1) {
    throw fail('not-claimed', { selector: word, ids: claims.map((one) => one.device) });
  }
  return { label: labelOf(device), claim: undefined, device };
}

/** Whether a word matches the claim of a device that is no longer plugged in. */
function matchesClaim(word: string, { key: { vendorId, productId } }: Claim): boolean {
  return word.toLowerCase() === formatId(vendorId, productId);
}
