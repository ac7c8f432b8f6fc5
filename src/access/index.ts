/**
 * Who may have a device, who has it, and how it goes back. In goes this host (`HostAccess`, opened by `openHost`) and a device; out come
 * claims, the rules of the VM's file and of the host's policy, the guards that keep a device on the host, which object in a VM is which
 * device, and drivers that are bound again. No VM is changed here, and none has to run.
 */

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
export { awaitHostDrivers, giveBack } from './give-back.js';
export { type HostAccess, inventoryOf } from './host-access.js';
export { guardFindings, guardsFor, takenAway } from './host-guards.js';
export { type PolicyInForce, policyFindings, policyOf } from './host-policy.js';
export { filterFor, hostOf, matchDevice, type Standing, standingOf, withoutDevice } from './match-device.js';
export { openHost } from './open-host.js';
export { ownerOf, presenceOf, processHasEnded, recordOfSocket, type VmTarget } from './owner.js';
export { settleClaims } from './settle-claims.js';
export { deniedFindings, wishFor } from './vm-file-rules.js';
