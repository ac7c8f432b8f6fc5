import { resolve } from 'node:path';
import {
  compareAssignments,
  type HostAccess,
  inventoryOf,
  isSameSelector,
  liftDismissalsThat,
  matchesKey,
  recordOfSocket,
  specificityOf,
  type VmAssignment,
} from '../../../access/index.js';
import { socketFileOf } from '../../../base/index.js';
import { type Finding, fail, finding, nearest, throwErrors } from '../../../diag/index.js';
import {
  type HostDevice,
  type HostInventory,
  isSelector,
  labelOf,
  matchHubs,
  matchSelector,
  parseSelector,
  requireSelector,
  shortestSelector,
} from '../../../host/index.js';
import {
  type Assignment,
  type AssignmentOptions,
  type AssignmentRecord,
  type AssignmentStore,
  alsoIdentityOf,
  type Dismissal,
  fileNameOf,
  HOLD,
  isVmName,
} from '../../../registry/index.js';
import { adoptedVms, isRunning, isVmFile, isVmWord, nameInFile, parseVmWord } from '../../target/index.js';
import { isSameSocket } from './same-socket.js';

export interface AssignRequest {
  /** As typed. */
  readonly selectors: readonly string[];
  readonly options: AssignmentOptions;
}

/** One assignment that was made or changed. */
export interface AssignedReport {
  readonly assignment: Assignment;
  /** `changed`: the VM had an assignment with this selector; its options are now the new ones. */
  readonly outcome: 'made' | 'changed';
  /** The devices that it names, of those that are plugged in. */
  readonly devices: readonly HostDevice[];
}

export interface AssignReport {
  readonly vm: string;
  readonly assignments: readonly AssignedReport[];
  readonly findings: readonly Finding[];
}

export interface UnassignReport {
  readonly vm: string;
  /** The assignments that the VM no longer has. */
  readonly assignments: readonly Assignment[];
  readonly findings: readonly Finding[];
}

/** What persons decided about VMs. */
export interface AssignmentsReport {
  readonly records: readonly AssignmentRecord[];
  /** Devices that a person detached by hand from one of these VMs, or from any VM. */
  readonly dismissals: readonly Dismissal[];
  readonly findings: readonly Finding[];
}

/**
 * Records that devices belong to a VM, whether it runs or not, and whether they are plugged in or not. Touches neither the VM nor a device.
 * A selector that the VM has already keeps its number and its age, and gets the new options.
 *
 * @param word - a VM's name, or its file
 * @throws QplugError `selector-invalid`, `assign-to-address`, `device-is-hub`, `assign-to-socket`, `port-of-several`, …, with nothing
 *   changed · as `AssignmentStore.change`
 */
export async function assign(
  word: string,
  request: AssignRequest,
  host: HostAccess,
  signal: AbortSignal,
): Promise<AssignReport> {
  const store = storeOf(host);
  const vm = await vmToAssign('assign', word, host);
  const inventory = inventoryOf(host);
  const selects = [...new Set(request.selectors.map((one) => one.trim()))];
  throwErrors([...selects.flatMap((one) => selectorFindings(one, vm, inventory)), ...optionFindings(request)]);
  const options = plainOptions(request.options);
  let made: Omit<AssignedReport, 'devices'>[] = [];
  let others: readonly AssignmentRecord[] = [];
  const isNew = isUnknown(vm, host);
  await store.change(
    vm,
    (record, rest) => {
      others = rest;
      const { record: after, reports } = withAssignments(record, selects, options);
      made = reports;
      return after;
    },
    signal,
  );
  const assignments = made.map((one): AssignedReport => ({ ...one, devices: devicesOf(one.assignment, inventory) }));
  liftDismissalsThat(
    (one) =>
      isOf(one, vm, host) && assignments.some(({ assignment }) => matchesKey(assignment.select, one.key, inventory)),
    host,
  );
  const unknown = isNew
    ? [finding('vm-unknown-yet', { vm, nearest: nearestName(vm, host) }, { severity: 'note' })]
    : [];
  const contests = assignments.flatMap((one) => contestsOf(vm, one, others, inventory));
  return { vm, assignments, findings: [...unknown, ...contests, ...store.list().findings] };
}

/**
 * Forgets assignments of a VM: all that are named, or none.
 *
 * @param word - a VM's name, or its file
 * @param words - numbers of assignments, or selectors; `all`: all that the VM has
 * @throws QplugError `not-assigned` for each word without an assignment · as `AssignmentStore.change`
 */
export async function unassign(
  word: string,
  words: readonly string[] | 'all',
  host: HostAccess,
  signal: AbortSignal,
): Promise<UnassignReport> {
  const store = storeOf(host);
  const vm = await vmToAssign('unassign', word, host);
  let gone: readonly Assignment[] = [];
  await store.change(
    vm,
    (record) => {
      gone = words === 'all' ? allOf(record) : namedIn(record, words);
      return { ...record, assignments: record.assignments.filter((one) => !gone.includes(one)) };
    },
    signal,
  );
  return { vm, assignments: gone, findings: [] };
}

/**
 * @param word - a VM's name, or its file; undefined: all VMs
 * @returns the assignments, the adopted VMs, and what was detached by hand
 * @throws QplugError as `AssignmentStore.read`
 */
export async function assignmentsOf(word: string | undefined, host: HostAccess): Promise<AssignmentsReport> {
  const store = storeOf(host);
  const dismissals = host.claims.dismissals.list();
  if (word === undefined) return { ...store.list(), dismissals };
  const vm = await vmToAssign('assignments', word, host);
  const { record, findings } = store.read(vm);
  const records = record === undefined ? [] : [record];
  return { records, dismissals: dismissals.filter((one) => isOf(one, vm, host)), findings };
}

/** @returns the store of assignments. @throws QplugError `assignments-nowhere` */
export function storeOf({ assignments }: HostAccess): AssignmentStore {
  if (assignments === undefined) throw fail('assignments-nowhere', {});
  return assignments;
}

/**
 * Finds the name of a VM for which something is recorded; the VM need not run.
 *
 * @param command - for messages: `assign`
 * @param word - a name, a VM file, or the socket of a VM that has a name
 * @throws QplugError `assign-to-socket` · `vm-name-wrong` · the errors of the VM file
 */
export async function vmToAssign(command: string, word: string, host: HostAccess): Promise<string> {
  if (isVmFile(word)) return await nameInFile(word);
  const isWord = parseVmWord(word) !== undefined;
  if (!word.includes('/') && !isWord) return fileNameOf(word);
  const name = (isWord ? undefined : recordOfSocket(word, host)?.name) ?? nameOfSocket(word, host);
  if (name === undefined) throw fail('assign-to-socket', { command, socket: word, name: nameFor(word) });
  return name;
}

/** @returns the name under which the VM with this socket was adopted */
export function nameOfSocket(word: string, host: HostAccess): string | undefined {
  const named = isVmWord(word) ? word : resolve(word);
  return adoptedVms(host).find(({ socket }) => isSameSocket(socket, named))?.name;
}

/** @returns a name to propose for the VM with this socket: that of the socket, or of its folder */
function nameFor(socket: string): string {
  if (isVmWord(socket)) return [/^container:(?:.*\/)?(.*)$/.exec(socket)?.[1] ?? ''].find(isVmName) ?? 'bench';
  const [file = '', folder = ''] = resolve(socket).split('/').reverse();
  const bare = file.replace(/\.(sock|socket|qmp)$/, '');
  const choices = /^(qmp|monitor|mon|qemu)$/.test(bare) ? [folder, bare] : [bare, folder];
  return choices.find(isVmName) ?? 'bench';
}

function selectorFindings(select: string, vm: string, inventory: HostInventory): Finding[] {
  const selector = parseSelector(select);
  if (!isSelector(selector)) return [selector];
  const [device] = matchSelector(selector, inventory);
  if (selector.by === 'address') {
    const shortest = device && shortestSelector(device, inventory);
    const lasting = shortest?.startsWith('@') === true ? undefined : shortest;
    return [finding('assign-to-address', { selector: select, vm, lasting })];
  }
  const [hub] = device === undefined ? matchHubs(selector, inventory) : [];
  return hub === undefined
    ? []
    : [finding('device-is-hub', { selector: select, port: hub.port, name: hub.name, file: undefined })];
}

function optionFindings({ selectors, options: { port, also = [], hold } }: AssignRequest): Finding[] {
  const findings: Finding[] = [];
  if (port !== undefined && selectors.length > 1)
    findings.push(finding('port-of-several', { devices: selectors.length }));
  if (port !== undefined && !/^[1-9]\d{0,2}(\.[1-9]\d{0,2})*$/.test(port))
    findings.push(finding('assign-port-form', { port }));
  for (const word of also) if (alsoIdentityOf(word) === undefined) findings.push(finding('also-invalid', { word }));
  if (hold !== undefined && !(Number.isInteger(hold) && hold >= HOLD.least && hold <= HOLD.most))
    findings.push(finding('hold-range', { value: hold, ...HOLD }));
  return findings;
}

/** @returns only the options that are given, as they are saved */
function plainOptions({ also = [], ...options }: AssignmentOptions): AssignmentOptions {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const identities = [...new Set(also.flatMap((word) => alsoIdentityOf(word) ?? []))];
  return { ...given, ...(identities.length === 0 ? {} : { also: identities }) };
}

function withAssignments(
  record: AssignmentRecord,
  selects: readonly string[],
  options: AssignmentOptions,
): { readonly record: AssignmentRecord; readonly reports: Omit<AssignedReport, 'devices'>[] } {
  const made = new Date().toISOString();
  const assignments = [...record.assignments];
  const reports = new Map<number, Omit<AssignedReport, 'devices'>>();
  for (const select of selects) {
    const at = assignments.findIndex((one) => isSameSelector(one.select, select));
    const there = assignments[at];
    const id = there?.id ?? Math.max(0, ...assignments.map((one) => one.id)) + 1;
    const assignment: Assignment = { id, select, ...options, made: there?.made ?? made };
    if (there === undefined) assignments.push(assignment);
    else assignments[at] = assignment;
    const outcome = there === undefined || reports.get(id)?.outcome === 'made' ? 'made' : 'changed';
    reports.set(id, { assignment, outcome });
  }
  return { record: { ...record, assignments }, reports: [...reports.values()] };
}

function devicesOf({ select }: Pick<Assignment, 'select'>, inventory: HostInventory): HostDevice[] {
  return matchSelector(requireSelector(select), inventory);
}

/** Whether qplug has seen no VM of that name: none runs, was adopted, ran before or has assignments. */
function isUnknown(vm: string, host: HostAccess): boolean {
  return (
    host.registry.read(vm) === undefined &&
    host.places?.read(vm).record === undefined &&
    host.assignments?.read(vm).record === undefined
  );
}

function nearestName(vm: string, host: HostAccess): string | undefined {
  const ours = host.registry.list().map(({ record }) => record.name);
  const assigned = host.assignments?.list().records.map((one) => one.vm) ?? [];
  return nearest(
    vm,
    [...ours, ...assigned].filter((one) => one !== vm),
  );
}

/** @returns warnings about devices that an assignment of another VM names too */
function contestsOf(
  vm: string,
  { assignment, devices }: AssignedReport,
  others: readonly AssignmentRecord[],
  inventory: HostInventory,
): Finding[] {
  return others.flatMap((other) =>
    other.assignments.flatMap((its): Finding[] => {
      if (!isSelector(parseSelector(its.select))) return [];
      const theirs = devicesOf(its, inventory);
      const device = devices.find(({ port }) => theirs.some((one) => one.port === port));
      if (device === undefined && !isSameSelector(its.select, assignment.select)) return [];
      const both: VmAssignment[] = [
        { vm, assignment },
        { vm: other.vm, assignment: its },
      ];
      const [winner, loser] = both
        .sort(compareAssignments)
        .map((one) => ({ vm: one.vm, selector: one.assignment.select }));
      if (winner === undefined || loser === undefined) return [];
      const because = specificityOf(winner.selector) === specificityOf(loser.selector) ? 'older' : 'specific';
      const label = device && labelOf(device);
      return [finding('assigned-to-two', { label, winner, loser, because }, { severity: 'warning' })];
    }),
  );
}

/** Whether a dismissal is of this VM; that of an adopted VM has its socket for a name. */
function isOf({ owner }: Dismissal, vm: string, host: HostAccess): boolean {
  if (owner.vm === vm) return true;
  if (isRunning(vm, host)) return false;
  const { socket } = host.assignments?.read(vm).record ?? {};
  if (socket === undefined) return false;
  const file = socketFileOf(socket);
  return owner.socket === socket || owner.vm === socket || (file !== undefined && owner.socketFile === file);
}

function allOf({ vm, assignments }: AssignmentRecord): readonly Assignment[] {
  if (assignments.length === 0) throw fail('not-assigned', { vm, word: undefined, known: [] });
  return assignments;
}

function namedIn({ vm, assignments }: AssignmentRecord, words: readonly string[]): Assignment[] {
  const named = words.map((word) => ({
    word,
    found: /^\d+$/.test(word)
      ? assignments.filter(({ id }) => id === Number(word))
      : assignments.filter(({ select }) => select === word.trim() || isSameSelector(select, word)),
  }));
  const known = assignments.map(({ id, select }) => `${id}: ${select}`);
  throwErrors(
    named.flatMap(({ word, found }) => (found.length > 0 ? [] : [finding('not-assigned', { vm, word, known })])),
  );
  return named.flatMap(({ found }) => found);
}
