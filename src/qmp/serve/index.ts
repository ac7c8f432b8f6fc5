/**
 * A share: many clients on one Unix socket, one connection to QEMU. Input: the connection, and where to listen; output: a `ShareServer`, which
 * serves until either ends, and its notices.
 */

export { type ShareNotice, type ShareOptions, ShareServer } from './share-server.js';
