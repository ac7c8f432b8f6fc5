/** What persons decide about VMs, recorded: assignments, names of adopted VMs, and shares of monitors. */

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
export { endKeptShare, type KeptShareReport, keepShare } from './keep-share.js';
export { type ShareRequest, shareVm, VmShare } from './share.js';
