/** Time, files and processes for all layers above: deadlines, polling, process identities. Contains nothing about USB or QEMU. */

export { Deadline, DeadlineReached, poll } from './deadline.js';
export { descriptorOf, type SocketIdentity, socketOf } from './descriptor.js';
export { fileStamp, isSameFile, isThere, kindOfFile } from './file-kind.js';
export { findSystemProgram, SYSTEM_FOLDERS } from './find-program.js';
export { closeInherited } from './inherited-descriptors.js';
export { type NamedPlace, NotOursError, openPlace, refusalOfPlace } from './named-place.js';
export { type NamespaceKind, namespaceOf } from './namespace.js';
export { type OpenFiles, openFiles } from './open-files.js';
export { makeOwnFolder, ownUid, requireOwnFolder, type Untrusted, untrusted } from './own-folder.js';
export { openInRoot, type PathInRoot } from './path-in-root.js';
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
  timeOfStart,
} from './process-identity.js';
export { LockHeldError, lockPath } from './process-lock.js';
export { NoFileError, type ReadLimits, readInput, readNamedFile, readPlainFile, whatItIs } from './read-file.js';
export { meetServiceManager, type ServiceManager } from './service-manager.js';
export { throwIfShort } from './shortage.js';
export { findSocketStatistics, holdersOf, holdsSocket, peerOf, socketsOf } from './socket-peer.js';
export { SocketPlace } from './socket-place.js';
export { processesReading } from './standard-input.js';
export { type Given, type ProgramOptions, runProgram, startProgram } from './start-program.js';
export { formatTcpAddress, parseTcpAddress, type TcpAddress } from './tcp-address.js';
export { isInRoot, knockAt, type Listening, openSocketFile, type SocketFile, socketFileOf } from './unix-socket.js';
export { workingFolderOf } from './working-folder.js';
export { clearUnfinished, putInPlace, removeWhole, writeBeside, writeWhole } from './write-file.js';
