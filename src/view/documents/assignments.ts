import type { Assignment, AssignmentRecord, Dismissal } from '../../registry/index.js';
import type { AdoptReport, AssignmentsReport, AssignReport, ForgetReport, UnassignReport } from '../../vm/index.js';
import { hostDeviceSummary } from './host-device.js';

/** For programs: what was assigned to a VM. */
export function assignDocument({ vm, assignments }: AssignReport): Record<string, unknown> {
  return {
    vm,
    assignments: assignments.map(({ assignment, outcome, devices }) => ({
      ...assignmentDocument(assignment),
      outcome,
      devices: devices.map(hostDeviceSummary),
    })),
  };
}

/** For programs: what is no longer assigned to a VM. */
export function unassignDocument({ vm, assignments }: UnassignReport): Record<string, unknown> {
  return { vm, assignments: assignments.map(assignmentDocument) };
}

/** What the agent says of a share that it is to keep. */
export interface ShareState {
  readonly vm: string;
  /** Undefined: no agent runs. */
  readonly state: string | undefined;
  /** Why it waits, in words. */
  readonly reason: string | undefined;
}

/** For programs: the assignments of VMs, the adopted VMs, and the shares that the agent keeps. */
export function assignmentsDocument(
  { records, dismissals }: AssignmentsReport,
  shares: readonly ShareState[],
): Record<string, unknown> {
  const vms = records.map((record) =>
    recordDocument(
      record,
      shares.find(({ vm }) => vm === record.vm),
    ),
  );
  return { vms, detachedByHand: dismissals.map(dismissalDocument) };
}

/** For programs: the name that an adopted VM has, or no longer has. */
export function adoptDocument(report: AdoptReport | ForgetReport): Record<string, unknown> {
  const { name, socket } = report;
  return 'already' in report
    ? { name, socket, outcome: report.already ? 'already' : 'adopted' }
    : { name, socket, outcome: 'forgotten' };
}

function recordDocument(
  { vm, socket, assignments, share }: AssignmentRecord,
  told: ShareState | undefined,
): Record<string, unknown> {
  const kept = share && {
    listen: share.listen,
    made: share.made,
    state: told?.state ?? null,
    reason: told?.reason ?? null,
  };
  return { vm, socket: socket ?? null, assignments: assignments.map(assignmentDocument), share: kept ?? null };
}

function assignmentDocument(assignment: Assignment): Record<string, unknown> {
  const { id, select, controller, port, slower, also, hold, ask, made } = assignment;
  return {
    id,
    selector: select,
    controller: controller ?? null,
    port: port ?? null,
    slower: slower ?? null,
    also: also ?? [],
    hold: hold ?? null,
    ask: ask === true,
    made,
  };
}

function dismissalDocument({ owner, key, label, since }: Dismissal): Record<string, unknown> {
  const { connector, vendorId, productId, serial } = key;
  return {
    vm: owner.vm,
    socket: owner.socket,
    label,
    connector,
    vendorId,
    productId,
    serial: serial === '' ? null : serial,
    since,
  };
}
