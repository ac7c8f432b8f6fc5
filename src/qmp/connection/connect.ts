import type { QmpAddress } from '../address.js';
import { unusablePath } from './connect-errors.js';
import { Connection } from './connection.js';
import type { LineConnection } from './line-connection.js';
import type { ConnectOptions, QmpConnection } from './qmp-connection.js';
import { openOver, openSocket } from './socket-transport.js';
import type { OpenTransport } from './transport.js';

/**
 * Connects to a QEMU's QMP socket: opens it, reads the greeting, negotiates capabilities.
 *
 * @param address - a unix socket's path, or a TCP host and port
 * @returns a connection that takes commands
 * @throws QmpConnectError, after which nothing is left open; the signal's reason
 */
export function connect(address: QmpAddress, options: ConnectOptions = {}): Promise<QmpConnection> {
  return connectOver(openerOf(options), address, options);
}

/** As `connect`, for whoever reads and writes the lines of the session itself. */
export function connectLines(address: QmpAddress, options: ConnectOptions = {}): Promise<LineConnection> {
  return connectedOver(openerOf(options), address, options);
}

/** As `connect`, over any transport. */
export function connectOver(
  open: OpenTransport,
  address: QmpAddress,
  options: ConnectOptions = {},
): Promise<QmpConnection> {
  return connectedOver(open, address, options);
}

function openerOf({ over }: ConnectOptions): OpenTransport {
  return over === undefined ? openSocket : openOver(over);
}

async function connectedOver(open: OpenTransport, address: QmpAddress, options: ConnectOptions): Promise<Connection> {
  options.signal?.throwIfAborted();
  const unusable = options.over === undefined ? unusablePath(address) : undefined;
  if (unusable !== undefined) throw unusable;
  const connection = new Connection(open, address, options);
  await connection.ready;
  return connection;
}
