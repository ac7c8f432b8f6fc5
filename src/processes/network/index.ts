/**
 * TCP connections to monitors: one end of a connection, or a process and a port come in; the QEMU at the other end goes out, or a connection
 * to a port in that process's network namespace. The kernel says who is who; an address proves nothing.
 */

export { connectInNetwork, type NetworkPlace } from './connect-in-network.js';
export { hasThreads } from './has-threads.js';
export { type TcpPeer, tcpPeerOf } from './tcp-peer.js';
