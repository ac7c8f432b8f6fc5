/** What persons decide about VMs, recorded: assignments, names of adopted VMs, and a monitor that several clients share. */

export { type AdoptReport, adopt, type ForgetReport, forgetAdopted } from './adopt.js';
export {
  type AssignedReport,
  type AssignmentsReport,
  type AssignReport,
  assign,
  assignmentsOf,
  type UnassignReport,
  unassign,
} from './assign.js';
export { type ShareRequest, shareVm, VmShare } from './share.js';
