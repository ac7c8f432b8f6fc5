import { setTimeout as delay } from 'node:timers/promises';
import { fail, type QplugError } from '../../diag/index.js';
import type { ArgumentsOf, QmpCommandName, QmpConnection, ReturnOf } from '../../qmp/index.js';
import { type Disk, type DiskSnapshot, readDisks, writableDisks } from '../observe/index.js';

/** The tag and the nodes of a saved state. */
export interface StatePlace {
  readonly tag: string;
  /** The node that holds the VM's state. */
  readonly vmstate: string;
  /** All nodes whose contents the state includes. */
  readonly nodes: readonly string[];
}

/** An action on a saved state. */
export type StateAction = 'save' | 'load' | 'delete';

/** All jobs of qplug have one name: QEMU runs one at a time, and a killed qplug may have left one undismissed. */
const JOB = 'qplug-snapshot';

/** ms between two queries of a job. */
const JOB_INTERVAL = 50;

const HUMAN: Readonly<Record<StateAction, string>> = { save: 'savevm', load: 'loadvm', delete: 'delvm' };

/**
 * Saves, loads or deletes a state: by a job if this QEMU has them (6.0), otherwise by the human monitor. QEMU does it within its main loop
 * (migration/savevm.c): it answers no client until the end, and no command cancels it.
 *
 * @param place - with a checked tag (`snapshot-tag.ts`): the human monitor splits its line at spaces
 * @throws QplugError `snapshot-failed` with QEMU's message · QmpError · the signal's reason, while QEMU continues
 */
export async function doWithState(
  qmp: QmpConnection,
  action: StateAction,
  place: StatePlace,
  signal: AbortSignal,
): Promise<void> {
  if (await hasJobs(qmp, signal)) await runJob(qmp, action, place, signal);
  else {
    const line = `${HUMAN[action]} ${place.tag}`;
    const said = await ask(qmp, 'human-monitor-command', { 'command-line': line }, signal);
    if (said.trim() !== '') throw failed(action, place.tag, said.trim());
  }
}

async function runJob(
  qmp: QmpConnection,
  action: StateAction,
  { tag, vmstate, nodes }: StatePlace,
  signal: AbortSignal,
): Promise<void> {
  await endJob(qmp, signal);
  if (action === 'delete') await ask(qmp, 'snapshot-delete', { 'job-id': JOB, tag, devices: nodes }, signal);
  else await ask(qmp, `snapshot-${action}`, { 'job-id': JOB, tag, vmstate, devices: nodes }, signal);
  const desc = await endJob(qmp, signal);
  if (desc !== undefined) throw failed(action, tag, desc);
}

/**
 * Waits until qplug's job has ended, if there is one, and dismisses it.
 *
 * @returns why it failed
 */
export async function endJob(qmp: QmpConnection, signal: AbortSignal): Promise<string | undefined> {
  for (;;) {
    const jobs = await ask(qmp, 'query-jobs', {}, signal);
    const job = jobs.find(({ id }) => id === JOB);
    if (job === undefined) return undefined;
    if (job.status === 'concluded') {
      await ask(qmp, 'job-dismiss', { id: JOB }, signal);
      return job.error;
    }
    await delay(JOB_INTERVAL, undefined, { signal });
  }
}

async function hasJobs(qmp: QmpConnection, signal: AbortSignal): Promise<boolean> {
  const commands = await ask(qmp, 'query-commands', {}, signal);
  return commands.some(({ name }) => name === 'snapshot-save');
}

/** Sends a command without a timeout: QEMU does not answer while it writes a state of gigabytes. */
function ask<C extends QmpCommandName>(
  qmp: QmpConnection,
  command: C,
  args: ArgumentsOf<C>,
  signal: AbortSignal,
): Promise<ReturnOf<C>> {
  const execute = qmp.execute as (command: C, args: ArgumentsOf<C>, options: object) => Promise<ReturnOf<C>>;
  return execute(command, args, { signal, timeout: Number.POSITIVE_INFINITY });
}

function failed(action: StateAction, tag: string, desc: string): QplugError {
  return fail('snapshot-failed', { action, tag, desc, lastLines: [] });
}

/** A saved state on the disks of a VM. */
export interface StateOnDisks {
  readonly tag: string;
  /** The disks that have it. */
  readonly on: readonly Disk[];
  /** Disks that the guest can change and that lack it. */
  readonly missingOn: readonly Disk[];
  /** The snapshot on the disk with the VM's state; undefined: no disk has the VM's state, so no guest can be restored from it. */
  readonly state: DiskSnapshot | undefined;
  /** The disk with the VM's state. */
  readonly holder: Disk | undefined;
}

/** @returns the state with this tag on these disks; undefined if no disk has it */
export function stateOnDisks(tag: string, disks: readonly Disk[]): StateOnDisks | undefined {
  const has = ({ snapshots }: Disk): DiskSnapshot | undefined => snapshots.find((one) => one.tag === tag);
  const on = disks.filter((disk) => has(disk) !== undefined);
  if (on.length === 0) return undefined;
  const holder = on.find((disk) => (has(disk)?.stateBytes ?? 0) > 0);
  return {
    tag,
    on,
    missingOn: writableDisks(disks).filter((disk) => has(disk) === undefined),
    state: holder && has(holder),
    holder,
  };
}

/**
 * @returns the state, if it is complete: QEMU writes one disk after the other, so a QEMU that was killed leaves a partial state
 */
export async function wholeState(
  qmp: QmpConnection,
  { tag, nodes }: StatePlace,
  signal: AbortSignal,
): Promise<DiskSnapshot | undefined> {
  const found = stateOnDisks(tag, await readDisks(qmp, signal));
  const has = (node: string): boolean => found?.on.some((disk) => disk.node === node) === true;
  return nodes.every(has) ? found?.state : undefined;
}

/** Deletes a state from all disks that have it. */
export async function clearState(qmp: QmpConnection, place: StatePlace, signal: AbortSignal): Promise<void> {
  const found = stateOnDisks(place.tag, await readDisks(qmp, signal));
  if (found === undefined) return;
  await doWithState(qmp, 'delete', { ...place, nodes: found.on.map(({ node }) => node) }, signal);
}
