/**
 * Which VM may have a device, which VM has it, and how the host gets it back. Input: this host (`HostAccess`, opened by `openHost`) and a
 * device. Output: claims, the rules of the VM's file and of the host's policy, the guards that keep a device on the host, the device that
 * an object in a VM represents, restored drivers, which of two assignments wins, and what a person detached by hand. Nothing here changes
 * a VM or needs a running one.
 */

export { compareAssignments, isSameSelector, specificityOf, type VmAssignment } from './assignment-order.js';
export {
  type ClaimWish,
  claimedDevice,
  claimedFinding,
  claimOn,
  claimsFor,
  claimsOf,
  giveBackClaims,
  isBelieved,
  keyed,
  keyOf,
  livingClaims,
  lossOf,
  readableClaims,
  suspensionOf,
  takeClaims,
} from './claims.js';
export { claimsByPort } from './claims-by-port.js';
export {
  type DismissedDevice,
  dismiss,
  liftDismissals,
  liftDismissalsThat,
} from './dismissals.js';
export { awaitHostDrivers, giveBack } from './give-back.js';
export { type HostAccess, inventoryOf } from './host-access.js';
export { guardFindings, guardsFor, takenAway } from './host-guards.js';
export { type PolicyInForce, policyFindings, policyOf } from './host-policy.js';
export { filterFor, hostDeviceOf, matchDevice, type Standing, standingOf, withoutDevice } from './match-device.js';
export { matchesKey } from './match-key.js';
export { openHost } from './open-host.js';
export { ownerOf, presenceOf, processHasEnded, recordedSocket, recordOfSocket, type VmTarget } from './owner.js';
export { settleClaims } from './settle-claims.js';
export { type Answerer, answererOf, monitorBehind, monitorPath } from './shares.js';
export { deniedFindings, wishFor } from './vm-file-rules.js';
