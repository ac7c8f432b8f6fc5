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

/** For programs: the assignments of VMs, and the adopted VMs. */
export function assignmentsDocument({ records, dismissals }: AssignmentsReport): Record<string, unknown> {
  return { vms: records.map(recordDocument), detachedByHand: dismissals.map(dismissalDocument) };
}

/** For programs: the name that an adopted VM has, or no longer has. */
export function adoptDocument(report: AdoptReport | ForgetReport): Record<string, unknown> {
  const { name, socket } = report;
  return 'already' in report
    ? { name, socket, outcome: report.already ? 'already' : 'adopted' }
    : { name, socket, outcome: 'forgotten' };
}

function recordDocument({ vm, socket, assignments }: AssignmentRecord): Record<string, unknown> {
  return { vm, socket: socket ?? null, assignments: assignments.map(assignmentDocument) };
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
