import {
  giveBackClaims,
  type HostAccess,
  inventoryOf,
  livingClaims,
  lossOf,
  ownerOf,
  presenceOf,
  settleClaims,
} from '../../access/index.js';
import { Deadline, DeadlineReached, hasEnded, poll } from '../../base/index.js';
import { type Finding, finding, QplugError } from '../../diag/index.js';
import { QemuLog } from '../../launcher/index.js';
import { type Claim, type ClaimOwner, sameOwner } from '../../registry/index.js';
import { readTopology } from '../observe/index.js';
import { type Operation, within } from '../operation.js';
import { findVm, openVm, reachOwner } from '../target/index.js';
import { recover, Shares } from '../transaction/index.js';

/** ms for a monitor that another client holds, at most: its VM's claims are settled by the next command then. */
const KNOCK = 2000;

/** A mending that may not be what somebody came for. */
export interface MendOperation extends Operation {
  /**
   * What the VMs may take that the command is not about, in ms: `each` of them, and `all` together. What could not be asked by then is
   * left for later, and told once. Default: `timeout`, and all is told.
   */
  readonly shares?: { readonly each: number; readonly all: number } | undefined;
  /** The VM that the command is about, as it was named: it has all the time. */
  readonly about?: string | undefined;
}

/**
 * Finds what others left who were killed, and mends it: transactions that were cut off are undone or finished, devices whose VM is
 * gone are given back to the host, claims that nobody works on any more become what the VM shows. Where nothing was left it costs
 * the look at a folder and a file.
 *
 * @returns what was done, and what could not be
 * @throws QplugError `store-…` · the signal's reason
 */
export async function mend(host: HostAccess, operation: MendOperation): Promise<Finding[]> {
  return within(operation, 'mend what was cut off', (signal) => mendAll(host, { ...operation, signal }));
}

/** ms between two looks whether a VM has ended, and at what its QEMU has written meanwhile. */
const LOOK_EVERY = 500;
const DRAIN_EVERY = 100;

/**
 * The same, as soon as a VM has ended. Until then its log is kept up: see `QemuLog`.
 *
 * @param word - its name, file or socket
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
    next = performance.now() + LOOK_EVERY;
    return (await presenceOf(owner, signal)) === 'gone' ? true : undefined;
  };
  const interval = log === undefined ? LOOK_EVERY : DRAIN_EVERY;
  await poll(isGone, { interval, signal });
  return mend(host, operation);
}

/** A VM of others has to be asked once who it is. */
async function ownerBehind(word: string, host: HostAccess, operation: Operation): Promise<ClaimOwner> {
  const target = await findVm(word, host);
  if (target.record !== undefined) return ownerOf(target);
  await using vm = await openVm(word, host, operation);
  return ownerOf(vm);
}

async function mendAll(host: HostAccess, operation: MendOperation): Promise<Finding[]> {
  const findings: Finding[] = [];
  const shares = new Shares(operation, await socketOf(operation, host));
  // a process that dies while it mends leaves its entry to the next one
  const entries = host.journal.takeOver();
  try {
    for (const entry of entries) {
      const { socket } = entry.head;
      const mended = await recover(entry, host, operation, shares.shareOf(socket));
      findings.push(...mended.findings);
      if (mended.left) shares.hadItsShare(socket);
    }
  } finally {
    // what was not come to, when it was called off
    for (const entry of entries) entry.leave();
  }
  const claims = host.claims.list();
  const living = await livingClaims(claims, () => inventoryOf(host));
  const orphans = claims.filter((claim) => !living.includes(claim));
  if (orphans.length > 0) operation.onProgress?.('give back devices whose VM is gone');
  const left = await giveBackClaims(orphans, host);
  findings.push(
    ...orphans.map(({ label, owner }) => finding('claim-given-back', { label, vm: owner.vm }, NOTE)),
    ...left,
  );
  for (const suspension of host.claims.suspensions.list()) {
    if ((await presenceOf(suspension.owner)) === 'gone') host.claims.suspensions.remove(suspension);
  }
  markLost(claims, host);
  const unsettled = claims.filter(
    (claim) => claim.worker !== undefined && hasEnded(claim.worker) && !orphans.includes(claim),
  );
  for (const group of byOwner(unsettled)) findings.push(...(await settle(group, host, operation, shares)));
  return findings;
}

/** A device that a VM had, and that was pulled since, is not its any more, whatever its QEMU says: it does not come back by itself. */
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
  shares: Shares,
): Promise<Finding[]> {
  const [first] = claims;
  if (first === undefined) return [];
  const { vm, socket } = first.owner;
  const share = shares.shareOf(socket);
  using deadline = new Deadline(share.timeout, operation.signal);
  const { signal } = deadline;
  try {
    await using qmp = await reachOwner(first.owner, host, { signal, timeout: KNOCK });
    return await settleClaims(claims, await readTopology(qmp, signal), inventoryOf(host), host);
  } catch (error) {
    operation.signal.throwIfAborted();
    if (!(error instanceof QplugError) && !(error instanceof DeadlineReached)) throw error;
    shares.hadItsShare(socket);
    // once: the claims say it from then on
    const untold = claims.filter(({ reason }) => reason !== UNSETTLED);
    host.claims.change(untold, (claim) => ({ ...claim, reason: UNSETTLED }));
    if (untold.length === 0 && share.quiet) return [];
    return [finding('claims-unsettled', { vm, labels: claims.map(({ label }) => label) }, { severity: 'warning' })];
  }
}

const UNSETTLED = 'its VM does not answer';

/** @returns the socket of the VM that a command is about; undefined where there is no such VM, which the command says itself */
async function socketOf({ about }: MendOperation, host: HostAccess): Promise<string | undefined> {
  try {
    return about === undefined ? undefined : ownerOf(await findVm(about, host)).socket;
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
    return undefined;
  }
}
