import type { HostAccess, VmTarget } from '../../access/index.js';
import { type Finding, QplugError } from '../../diag/index.js';
import { type HostDevice, type HostInventory, nodeFinding } from '../../host/index.js';
import type { LostDevice } from '../../registry/index.js';
import {
  type AttachRequest,
  attach,
  checkClaimedDevices,
  type KnownTree,
  type OpenVm,
  openVm,
  readTreeForAttach,
  removeClaimedDevice,
} from '../../vm/index.js';
import type { AttachWork, FreeWork, Tried, Work } from '../decide/index.js';
import { DEFAULT_HOLD } from '../wish/index.js';

/** ms for one piece of work, and for the connection to its VM. */
const WORK_TIMEOUT = 30_000;
const CONNECT_TIMEOUT = 5000;

/** The VM of a piece of work, and what the work was decided with. */
export interface WorkPlace {
  readonly target: VmTarget;
  readonly host: HostAccess;
  /** The inventory that the work was decided with. */
  readonly inventory: HostInventory;
  readonly signal: AbortSignal;
  /** The VM's tree, if it was read since the agent's last work in it. */
  readonly tree: KnownTree | undefined;
}

/** How a piece of work ended; a check also reads the VM's tree. */
export interface Performed {
  readonly tried: Tried;
  readonly tree?: KnownTree | undefined;
}

/**
 * Does one piece of work: one transaction of one VM, or a look at it.
 *
 * @returns how it ended; a failure with the reason
 * @throws the signal's reason
 */
export async function perform(work: Work, place: WorkPlace): Promise<Performed> {
  const { target, host, signal } = place;
  try {
    if (work.do === 'attach') {
      const unusable = nodeFinding(work.device);
      if (unusable !== undefined) throw new QplugError([unusable]);
    }
    await using vm = await openVm(target, host, { signal, timeout: CONNECT_TIMEOUT });
    if (work.do === 'attach') return { tried: await attachDevice(work, vm, place) };
    if (work.do === 'check') return await check(vm, place);
    await freePort(work, vm, place);
    return { tried: { is: 'freed', findings: [] } };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof QplugError)) throw error;
    return { tried: { is: 'failed', reason: error.findings } };
  }
}

async function check(vm: OpenVm, { host, signal }: WorkPlace): Promise<Performed> {
  const findings = await checkClaimedDevices(vm, host, { signal, timeout: WORK_TIMEOUT });
  const tree = await readTreeForAttach(vm, AbortSignal.any([signal, AbortSignal.timeout(WORK_TIMEOUT)]));
  return { tried: { is: 'checked', findings: withoutNotes(findings) }, tree };
}

async function attachDevice(
  { device, wish, dead, guardOff, ...work }: AttachWork,
  vm: OpenVm,
  place: WorkPlace,
): Promise<Tried> {
  const { host } = place;
  const lost = dead === undefined ? work.lost : await freePort({ claim: dead, wish }, vm, place);
  const request = {
    selectors: [],
    controller: wish?.controller,
    port: wish?.port,
    // a device that the VM had, or that came to its connector, is not left out for its speed
    slower: wish?.slower ?? 'allow',
    handedOver: guardOff,
    home: lost?.place,
  } as const;
  const findings = await attachAsKnown(vm, request, device, place);
  renewLost(lost, device, host);
  return { is: 'attached', findings: withoutNotes(findings) };
}

/** What QEMU says where a port or an id is not as the tree shows it. */
const OTHERWISE: readonly string[] = ['device-add-refused', 'placed-otherwise'];

/** Attaches with the tree that is known; if QEMU has it otherwise, once more with the tree of now. */
async function attachAsKnown(
  vm: OpenVm,
  request: AttachRequest,
  device: HostDevice,
  { host, inventory, signal, tree }: WorkPlace,
): Promise<readonly Finding[]> {
  const selected = { devices: [device], inventory };
  const operation = { signal, timeout: WORK_TIMEOUT, kind: 'agent' } as const;
  try {
    return (await attach(vm, request, host, { ...operation, before: { selected, tree } })).findings;
  } catch (error) {
    const isOtherwise = error instanceof QplugError && error.findings.some(({ code }) => OTHERWISE.includes(code));
    if (tree === undefined || !isOtherwise) throw error;
    return (await attach(vm, request, host, { ...operation, before: { selected } })).findings;
  }
}

/** The device that came back is lost no more; another one at its connector renews the time for which the VM holds it. */
function renewLost(lost: LostDevice | undefined, device: HostDevice, { claims }: HostAccess): void {
  if (lost === undefined) return;
  const { vendorId, productId, serial } = lost.key;
  const isSame = device.vendorId === vendorId && device.productId === productId && (device.serial ?? '') === serial;
  if (isSame) claims.lost.remove(lost);
  else claims.lost.put({ ...lost, since: new Date().toISOString() });
}

/** @returns the record of the device, which is lost until it is attached again */
async function freePort(
  { claim, wish }: Pick<FreeWork, 'claim' | 'wish'>,
  vm: OpenVm,
  { host, inventory, signal, tree }: WorkPlace,
): Promise<LostDevice> {
  const { key, owner, label, guardOff } = claim;
  const { hold = DEFAULT_HOLD, also = [] } = wish ?? {};
  const since = new Date().toISOString();
  const { lost } = host.claims;
  let record: LostDevice = { key, owner, label, place: undefined, guardOff, hold, also, since };
  await removeClaimedDevice(vm, claim, host, {
    signal,
    timeout: WORK_TIMEOUT,
    inventory,
    tree: tree?.topology,
    beforeRemoval: (place) => {
      // each identity of a board that is flashed holds the connector anew
      for (const other of lost.list()) {
        if (other.owner.socket === owner.socket && other.key.connector === key.connector) lost.put({ ...other, since });
      }
      record = { ...record, place };
      lost.put(record);
    },
  });
  return record;
}

function withoutNotes(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ severity }) => severity !== 'note');
}
