import type { HostAccess } from '../../../access/index.js';
import { type Finding, QplugError } from '../../../diag/index.js';
import { type DiskSnapshot, readDisks } from '../../observe/index.js';
import { type Operation, within } from '../../operation.js';
import { type StateOnDisks, stateOnDisks } from '../../steps/index.js';
import type { OpenVm } from '../../target/index.js';
import { changedVm, changeVm } from '../../transaction/index.js';
import { tagsOf, unknown } from './restore-snapshot.js';
import { checkTag } from './snapshot-tag.js';

/** A snapshot on a VM's disks. */
export interface Snapshot {
  /** Raw: other programs accept any text as a tag. */
  readonly tag: string;
  /** ISO 8601. */
  readonly made: string;
  /** Bytes of the VM's state; 0: the snapshot has only disk contents. */
  readonly stateBytes: number;
  /** The guest's clock in ms. */
  readonly clock: number;
  /** Names of the disks that have it, and of the writable disks that lack it. */
  readonly disks: readonly string[];
  readonly missingOn: readonly string[];
  /** Whether qplug has a record of its USB devices. */
  readonly known: boolean;
}

/** @returns the snapshots of a VM, oldest first */
export async function listSnapshots(vm: OpenVm, host: HostAccess, operation: Operation): Promise<Snapshot[]> {
  return within(operation, `list the snapshots of ${vm.name}`, async (signal) => {
    const disks = await readDisks(vm.qmp, signal);
    const found = tagsOf(disks).flatMap((tag) => stateOnDisks(tag, disks) ?? []);
    return found.map((one) => snapshotOf(one, host)).sort((a, b) => (a.made < b.made ? -1 : a.made > b.made ? 1 : 0));
  });
}

function snapshotOf({ tag, on, missingOn, state }: StateOnDisks, { snapshots }: HostAccess): Snapshot {
  const facts = state ?? on.flatMap((disk) => disk.snapshots.find((one) => one.tag === tag) ?? [])[0];
  return {
    tag,
    made: madeAt(facts),
    stateBytes: state?.stateBytes ?? 0,
    clock: facts?.clock ?? 0,
    disks: on.map(({ name }) => name),
    missingOn: missingOn.map(({ name }) => name),
    known: state !== undefined && typeof snapshots?.read(state) === 'object',
  };
}

/** Any program may have written the image: an impossible date becomes 1970-01-01. */
function madeAt(facts: DiskSnapshot | undefined): string {
  const at = new Date((facts?.seconds ?? 0) * 1000 + Math.floor((facts?.nanoseconds ?? 0) / 1_000_000));
  return (Number.isNaN(at.getTime()) ? new Date(0) : at).toISOString();
}

export interface DeleteReport {
  readonly vm: string;
  readonly tag: string;
  /** Names of the disks from which it was deleted. */
  readonly disks: readonly string[];
  readonly findings: readonly Finding[];
}

/**
 * Deletes a snapshot from all disks that have it, and its record.
 *
 * @throws QplugError `snapshot-unknown` · `snapshot-failed`
 */
export async function deleteSnapshot(
  vm: OpenVm,
  tag: string,
  host: HostAccess,
  operation: Operation,
): Promise<DeleteReport> {
  checkTag(tag);
  return within(operation, `delete a snapshot of ${vm.name}`, async (signal) => {
    const disks = await readDisks(vm.qmp, signal);
    const found = stateOnDisks(tag, disks);
    if (found === undefined) throw new QplugError([unknown(vm.name, tag, disks)]);
    const nodes = found.on.map(({ node }) => node);
    const step = { do: 'delete-state' as const, tag, vmstate: '', nodes, label: `delete the state ${tag}` };
    const change = { kind: 'snapshot-delete', recover: 'finish', steps: [step] } as const;
    await changeVm(changedVm(vm), change, host, { ...operation, signal });
    return { vm: vm.name, tag, disks: found.on.map(({ name }) => name), findings: [] };
  });
}

/** @returns the tags of a VM's snapshots, for the user to choose from */
export async function snapshotTags(vm: OpenVm, operation: Operation): Promise<string[]> {
  return tagsOf(await readDisks(vm.qmp, AbortSignal.any([operation.signal, AbortSignal.timeout(operation.timeout)])));
}
