/**
 * One connection to a QMP server: opens the socket, carries out what the session says, and answers each command. Input: an address; output: a
 * `QmpConnection`, or an error that says why there is none.
 */

export { connect, connectLines } from './connect.js';
export type { LineConnection } from './line-connection.js';
export type { ConnectOptions, ExecuteOptions, QmpConnection } from './qmp-connection.js';
