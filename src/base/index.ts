/** What every layer above needs of time and processes: deadlines, polling, who a pid is. Knows nothing of USB or QEMU. */
export { Deadline, DeadlineReached, poll } from './deadline.js';
export { identifyProcess, isAlive, type ProcessIdentity, selfIdentity } from './process-identity.js';
export { isListening, listenerOf } from './unix-listener.js';
