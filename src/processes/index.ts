/**
 * The QEMUs of this host, whoever started them and wherever they run: in containers too. What /proc and container engines say comes in;
 * processes, their monitors and ways to reach them go out. Nothing here speaks QMP or changes anything.
 */

export { type Container, type Engine, findContainer, processesIn } from './containers/index.js';
export type { Monitor, MonitorPlace } from './monitor.js';
export { connectInNetwork, hasThreads, type NetworkPlace, type TcpPeer, tcpPeerOf } from './network/index.js';
export type { Launcher, Namespaces, QemuProcess } from './qemu-process.js';
export { qemuAt, runningQemus, takenSockets } from './running/index.js';
