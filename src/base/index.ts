/** Time, files and processes for all layers above: deadlines, polling, process identities. Contains nothing about USB or QEMU. */

export { Deadline, DeadlineReached, poll } from './deadline.js';
export { descriptorOf, type SocketIdentity, socketOf } from './descriptor.js';
export { fileStamp, isSameFile, isThere, kindOfFile } from './file-kind.js';
export { closeInherited } from './inherited-descriptors.js';
export { type NamedPlace, NotOursError, openPlace, refusalOfPlace } from './named-place.js';
export { type OpenFiles, openFiles } from './open-files.js';
export { makeOwnFolder, ownUid, requireOwnFolder, type Untrusted, untrusted } from './own-folder.js';
export {
  formatProcess,
  hasEnded,
  identifyProcess,
  isAlive,
  isSameProcess,
  leadsSession,
  type ProcessIdentity,
  parseProcess,
  type Rights,
  rightsOf,
  rightsOfProcess,
  selfIdentity,
  stateOf,
} from './process-identity.js';
export { LockHeldError, lockPath } from './process-lock.js';
export { NoFileError, type ReadLimits, readInput, readNamedFile, readPlainFile, whatItIs } from './read-file.js';
export { meetServiceManager, type ServiceManager } from './service-manager.js';
export { throwIfShort } from './shortage.js';
export { findSocketStatistics, holdsSocket, peerOf } from './socket-peer.js';
export { SocketPlace } from './socket-place.js';
export { processesReading } from './standard-input.js';
export { type ProgramOptions, runProgram, startProgram } from './start-program.js';
export { knockAt, type Listening, socketFileOf } from './unix-socket.js';
export { clearUnfinished, putInPlace, removeWhole, writeBeside, writeWhole } from './write-file.js';
