import { type HostAccess, hostDeviceOf, inventoryOf } from '../../../access/index.js';
import { type FileChange, holdVmFile, type VmFile } from '../../../config/index.js';
import { type Finding, finding, printable } from '../../../diag/index.js';
import type { HostDevice } from '../../../host/index.js';
import {
  type FileEdit,
  type FileReport,
  type LeavingWord,
  planFileAttach,
  planFileDetach,
} from '../../file-edit/index.js';
import { type Operation, within } from '../../operation.js';
import { type AttachRequest, readSituation, type Situation, selectDevices } from '../../plan/index.js';
import { tellStep, type WriteStep } from '../../steps/index.js';
import { type ChangeTarget, type OpenVm, openVm, readVmFileText } from '../../target/index.js';
import type { BothOperation } from '../../transaction/index.js';
import { type AttachReport, attach } from './attach.js';
import { type DetachReport, detach, findOne, idsOf, lostOf } from './detach.js';

/** Which of the two, VM and file, a command changed. */
export interface VmAndFileChange {
  /** Whether it changed the running VM. */
  readonly live: boolean;
  /** Undefined if it did not change the file. */
  readonly file: FileReport | undefined;
}

/**
 * Attaches devices to a running VM, or writes them into its file for the next start, or both: then both change, or neither. qplug prepares
 * the new file before it changes the VM, and replaces the old one after QEMU has followed the plan.
 *
 * @throws QplugError as `attach`, `planFileAttach` and `holdVmFile`; with everything unchanged
 */
export async function attachTo(
  target: ChangeTarget,
  request: AttachRequest,
  host: HostAccess,
  operation: Operation,
): Promise<AttachReport & VmAndFileChange> {
  await using vm = await openTarget(target, host, operation);
  const { file: path, name } = target;
  if (path === undefined) {
    if (vm === undefined) throw new Error('neither the VM nor its file');
    return { ...(await attach(vm, request, host, operation)), live: true, file: undefined };
  }
  const { wait = 0 } = request;
  const timeout = operation.timeout + wait;
  return await within({ ...operation, timeout }, `attach to ${name}`, async (signal) => {
    // a device for the running VM must be plugged in; a device for the next start need not
    const isSelected = vm !== undefined || wait > 0;
    const selected = isSelected ? await selectDevices(request.selectors, host, { wait, signal }) : undefined;
    const inventory = selected?.inventory ?? inventoryOf(host);
    const plan = (text: string, file: VmFile): Promise<FileEdit> =>
      planFileAttach({ text, path, vm: name, file }, request, inventory);
    const now = { ...operation, signal };
    const inVm =
      vm && ((both: BothOperation, file: VmFile) => attach(vm, request, host, { ...both, before: { file, selected } }));
    const { edit, live } = await changeBoth(target, path, plan, now, inVm);
    return {
      vm: name,
      devices: live?.devices ?? [],
      controllers: live?.controllers ?? [],
      hubs: live?.hubs ?? [],
      findings: [...target.findings, ...edit.findings, ...(live?.findings ?? [])],
      live: live !== undefined,
      file: { path, entries: edit.entries },
    };
  });
}

/**
 * Detaches devices from a running VM, or removes them from its file for the next start, or both: then both change, or neither. If the user
 * did not choose, a device that only one of the two has is removed from that one.
 *
 * @param words - ids, or selectors of host devices
 * @throws QplugError as `detach`, `planFileDetach` and `holdVmFile`; with everything unchanged
 */
export async function detachFrom(
  target: ChangeTarget,
  words: readonly string[],
  host: HostAccess,
  operation: Operation,
): Promise<DetachReport & VmAndFileChange> {
  await using vm = await openTarget(target, host, operation);
  const { file: path, name } = target;
  if (path === undefined) {
    if (vm === undefined) throw new Error('neither the VM nor its file');
    return { ...(await detach(vm, words, host, operation)), live: true, file: undefined };
  }
  return await within(operation, `detach from ${name}`, async (signal) => {
    const situation = vm === undefined ? undefined : await readSituation(vm, host, { models: () => [], signal });
    const inventory = situation?.inventory ?? inventoryOf(host);
    const known = situation && lookInVm(words, situation, host);
    const leaving = words.map((word): LeavingWord => {
      const found = known?.found.get(word);
      const absent = found === undefined && known !== undefined ? notAttached(name, word, known.ids) : undefined;
      return { word, hostDevice: found?.hostDevice, optional: !target.strict && found !== undefined, absent };
    });
    const there = target.strict ? words : words.filter((word) => known?.found.has(word) === true);
    const plan = (text: string, file: VmFile): Promise<FileEdit> =>
      planFileDetach({ text, path, file }, leaving, inventory);
    const now = { ...operation, signal };
    const takesOut = vm !== undefined && there.length > 0;
    const inVm = takesOut
      ? (both: BothOperation) => detach(vm, there, host, { ...both, before: situation })
      : undefined;
    const { edit, live } = await changeBoth(target, path, plan, now, inVm);
    return {
      vm: name,
      devices: live?.devices ?? [],
      findings: [...target.findings, ...edit.findings, ...(live?.findings ?? [])],
      live: live !== undefined,
      file: { path, entries: edit.entries },
    };
  });
}

async function openTarget({ live }: ChangeTarget, host: HostAccess, operation: Operation): Promise<OpenVm | undefined> {
  return live === undefined ? undefined : await openVm(live, host, operation);
}

/**
 * Changes a file and a VM, both or neither: writes the new file beside the old one, changes the VM, and replaces the old file while the
 * change of the VM can still be undone.
 *
 * @param inVm - changes the VM, and the file as its last step; undefined if there is no VM to change
 */
async function changeBoth<R>(
  { read }: ChangeTarget,
  path: string,
  plan: (text: string, file: VmFile) => Promise<FileEdit>,
  operation: Operation,
  inVm: ((both: BothOperation, file: VmFile) => Promise<R>) | undefined,
): Promise<{ readonly edit: FileEdit; readonly live: R | undefined }> {
  using held = await holdVmFile(path, operation.signal);
  // another program may have changed it since qplug read it to find the VM
  const file = read?.text === held.text ? read.file : await readVmFileText(held.text, path);
  const edit = await plan(held.text, file);
  const step = edit.splices && writeStep(path, held.prepare(edit.splices));
  if (inVm !== undefined) return { edit, live: await inVm({ ...operation, file: step && { held, step } }, file) };
  if (step !== undefined) tellStep({ event: 'doing', step }, operation.onProgress);
  held.commit();
  return { edit, live: undefined };
}

function writeStep(path: string, change: FileChange): WriteStep {
  return { do: 'write', change, label: printable(path) };
}

interface WordsInVm {
  /** Words that match a device in the VM, or one that it lost; with the host device if exactly one matches. */
  readonly found: ReadonlyMap<string, { readonly hostDevice: HostDevice | undefined }>;
  readonly ids: readonly string[];
}

function lookInVm(words: readonly string[], situation: Situation, host: HostAccess): WordsInVm {
  const { topology, inventory, claims } = situation;
  const found = new Map<string, { readonly hostDevice: HostDevice | undefined }>();
  for (const word of lostOf(words, situation, host).keys()) found.set(word, { hostDevice: undefined });
  for (const word of words) {
    const matches = findOne(word, situation);
    const [first] = matches;
    if (first === undefined) continue;
    found.set(word, { hostDevice: matches.length === 1 ? hostDeviceOf(first.device, inventory, claims) : undefined });
  }
  return { found, ids: idsOf(topology) };
}

function notAttached(vm: string, selector: string, ids: readonly string[]): Finding {
  return finding('not-attached', { selector, vm, ids });
}
