/** What every layer above needs of time and processes: deadlines, polling, who a pid is. Knows nothing of USB or QEMU. */
export { Deadline, DeadlineReached, poll } from './deadline.js';
export { makeOwnFolder, ownUid, requireOwnFolder, type Untrusted, untrusted } from './own-folder.js';
export {
  identifyProcess,
  isAlive,
  type ProcessIdentity,
  type Rights,
  rightsOf,
  selfIdentity,
} from './process-identity.js';
export { isListening, listenerOf } from './unix-listener.js';
