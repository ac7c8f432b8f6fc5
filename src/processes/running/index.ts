/**
 * The QEMUs among the processes of this host. A pid, or nothing, comes in; what /proc says of that process, or of all QEMUs, goes out. The
 * kernel says which program a process runs and in which namespaces; its arguments only say what it calls itself.
 */

export { qemuAt, runningQemus } from './read-processes.js';
export { takenSockets } from './taken-sockets.js';
