/**
 * Plans. Input: the situation (the VM's file, the host, the VM as it is) and a user's request. Output: a plan and the steps that carry it
 * out, or findings that say why there is none. Nothing here changes a VM.
 */

export { roomInFile, roomInVm } from './capacity.js';
export { growthOf } from './growth.js';
export { neededModels, requireModels } from './needed-models.js';
export type { ReadBefore } from './plan-attach.js';
export {
  type AttachPlan,
  type AttachRequest,
  draftAttach,
  gather,
  planAttach,
  recalled,
  refuseDenied,
  refuseGuarded,
  removalOf,
  unguarded,
} from './plan-attach.js';
export {
  findMove,
  type MovableDevice,
  type MoveWorld,
  modelsOfMoves,
  movableDevices,
  moveFindings,
  wishedAsWanted,
} from './plan-move.js';
export {
  claimsOnHostDevices,
  comeBack,
  type DeviceReturn,
  type Equalizing,
  type HostDeviceInVm,
  makeEqual,
  returnsOf,
} from './plan-restore.js';
export { commandLineOf, type Prepared, prepare } from './prepare-start.js';
export { rememberPlaces } from './remember-places.js';
export { selectDevices } from './select-devices.js';
export { type AlreadyRead, readSituation, type Situation } from './situation.js';
export { addStep, stepsOf } from './steps-of-plan.js';
export { readTreeForAttach } from './tree-for-attach.js';
export { awaitWished } from './wait-for-wishes.js';
export type { Wanted } from './wanted.js';
