import {
  giveBackClaims,
  type HostAccess,
  inventoryOf,
  livingClaims,
  lossOf,
  ownerOf,
  presenceOf,
  settleClaims,
} from '../../../access/index.js';
import { Deadline, DeadlineReached, hasEnded, poll } from '../../../base/index.js';
import { type Finding, finding, QplugError } from '../../../diag/index.js';
import { QemuLog } from '../../../launcher/index.js';
import { type Claim, type ClaimOwner, sameOwner } from '../../../registry/index.js';
import { readTopology } from '../../observe/index.js';
import { type Operation, within } from '../../operation.js';
import { findVm, openVm, reachOwner } from '../../target/index.js';
import { recover, TimeShares } from '../../transaction/index.js';

/** ms to connect to a monitor, which another client may hold. After that the next command settles the VM's claims. */
const CONNECT_TIMEOUT = 2000;

/** A recovery, possibly within a command about something else. */
export interface MendOperation extends Operation {
  /**
   * The limits in ms for VMs that the command is not about: for `each` of them, and for `all` together. If a VM does not answer in time,
   * qplug leaves it for a later command and reports it once. By default the limit is `timeout`, and every failure is reported.
   */
  readonly shares?: { readonly each: number; readonly all: number } | undefined;
  /** The user's word for the command's VM: it gets the full `timeout`. */
  readonly about?: string | undefined;
}

/**
 * Recovers from killed commands: undoes or finishes interrupted transactions, returns the devices of ended VMs to the host, and settles
 * abandoned claims by the VM's actual state. If there is nothing to recover, it only reads a folder and a file.
 *
 * @returns the recoveries, and the failed ones
 * @throws QplugError `store-…` · the signal's reason
 */
export async function mend(host: HostAccess, operation: MendOperation): Promise<Finding[]> {
  return within(operation, 'recover interrupted commands', (signal) => mendAll(host, { ...operation, signal }));
}

/** ms between two checks whether a VM has ended, and between two reads of its QEMU's output. */
const PRESENCE_INTERVAL = 500;
const DRAIN_INTERVAL = 100;

/**
 * Waits until a VM has ended, then recovers as `mend`. In the meantime copies its log: see `QemuLog`.
 *
 * @param word - the VM's name, file or socket
 * @throws QplugError `vm-not-found` · as `mend` · the signal's reason
 */
export async function mendWhenEnded(word: string, host: HostAccess, operation: Operation): Promise<Finding[]> {
  const { signal } = operation;
  const owner = await ownerBehind(word, host, operation);
  const record = host.registry.read(owner.vm);
  using log = record?.sockets.qplug === owner.socket ? new QemuLog(record.log) : undefined;
  let next = 0;
  const isGone = async (): Promise<true | undefined> => {
    log?.drain();
    if (performance.now() < next) return undefined;
    next = performance.now() + PRESENCE_INTERVAL;
    return (await presenceOf(owner, signal)) === 'gone' ? true : undefined;
  };
  const interval = log === undefined ? PRESENCE_INTERVAL : DRAIN_INTERVAL;
  await poll(isGone, { interval, signal });
  return mend(host, operation);
}

/** Connects once to a VM that qplug did not start, to identify its process. */
async function ownerBehind(word: string, host: HostAccess, operation: Operation): Promise<ClaimOwner> {
  const target = await findVm(word, host, operation.signal);
  if (target.record !== undefined) return ownerOf(target);
  await using vm = await openVm(word, host, operation);
  return ownerOf(vm);
}

async function mendAll(host: HostAccess, operation: MendOperation): Promise<Finding[]> {
  const findings: Finding[] = [];
  const shares = new TimeShares(operation, await socketOf(operation, host));
  // if this process dies, the next command takes its entries over
  const entries = host.journal.takeOver();
  try {
    for (const entry of entries) {
      const { socket } = entry.head;
      const mended = await recover(entry, host, operation, shares.shareOf(socket));
      findings.push(...mended.findings);
      if (mended.left) shares.hadItsShare(socket);
    }
  } finally {
    // entries not reached because of an abort
    for (const entry of entries) entry.leave();
  }
  const claims = host.claims.list();
  const living = await livingClaims(claims, () => inventoryOf(host));
  const orphans = claims.filter((claim) => !living.includes(claim));
  if (orphans.length > 0) operation.onProgress?.('return devices of ended VMs to the host');
  const left = await giveBackClaims(orphans, host);
  findings.push(
    ...orphans.map(({ label, owner }) => finding('claim-given-back', { label, vm: owner.vm }, NOTE)),
    ...left,
  );
  for (const suspension of host.claims.suspensions.list()) {
    if ((await presenceOf(suspension.owner)) === 'gone') host.claims.suspensions.remove(suspension);
  }
  for (const lost of host.claims.lost.list()) {
    if ((await presenceOf(lost.owner)) === 'gone') host.claims.lost.remove(lost);
  }
  for (const dismissal of host.claims.dismissals.list()) {
    if ((await presenceOf(dismissal.owner)) === 'gone') host.claims.dismissals.remove([dismissal]);
  }
  markLost(claims, host);
  const unsettled = claims.filter(
    (claim) => claim.worker !== undefined && hasEnded(claim.worker) && !orphans.includes(claim),
  );
  for (const group of byOwner(unsettled)) findings.push(...(await settle(group, host, operation, shares)));
  return findings;
}

/** Marks the claims of devices that were unplugged from the host: QEMU does not open them again by itself, even if it still lists them. */
function markLost(claims: readonly Claim[], host: HostAccess): void {
  const settled = claims.filter(({ state, worker }) => state === 'attached' && worker === undefined);
  if (settled.length === 0) return;
  const inventory = inventoryOf(host);
  const since = new Date().toISOString();
  for (const claim of settled) {
    const reason = lossOf(claim, inventory);
    if (reason !== undefined) host.claims.change([claim], (now) => ({ ...now, state: 'failed', reason, since }));
  }
}

const NOTE = { severity: 'note' } as const;

function byOwner(claims: readonly Claim[]): Claim[][] {
  const groups: Claim[][] = [];
  for (const claim of claims) {
    const group = groups.find(([one]) => one !== undefined && sameOwner(one.owner, claim.owner));
    if (group === undefined) groups.push([claim]);
    else group.push(claim);
  }
  return groups;
}

/** @param claims - of one VM */
async function settle(
  claims: readonly Claim[],
  host: HostAccess,
  operation: Operation,
  shares: TimeShares,
): Promise<Finding[]> {
  const [first] = claims;
  if (first === undefined) return [];
  const { vm, socket } = first.owner;
  const share = shares.shareOf(socket);
  using deadline = new Deadline(share.timeout, operation.signal);
  const { signal } = deadline;
  try {
    await using qmp = await reachOwner(first.owner, host, { signal, timeout: CONNECT_TIMEOUT });
    return await settleClaims(claims, await readTopology(qmp, signal), inventoryOf(host), host);
  } catch (error) {
    operation.signal.throwIfAborted();
    if (!(error instanceof QplugError) && !(error instanceof DeadlineReached)) throw error;
    shares.hadItsShare(socket);
    // reports it once: the reason in the claims records that
    const untold = claims.filter(({ reason }) => reason !== UNSETTLED);
    host.claims.change(untold, (claim) => ({ ...claim, reason: UNSETTLED }));
    if (untold.length === 0 && share.quiet) return [];
    return [finding('claims-unsettled', { vm, labels: claims.map(({ label }) => label) }, { severity: 'warning' })];
  }
}

const UNSETTLED = 'its VM does not answer';

/** @returns the socket of the command's VM; undefined if there is no such VM, which the command itself reports */
async function socketOf({ about, signal }: MendOperation, host: HostAccess): Promise<string | undefined> {
  try {
    return about === undefined ? undefined : ownerOf(await findVm(about, host, signal)).socket;
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
    return undefined;
  }
}
