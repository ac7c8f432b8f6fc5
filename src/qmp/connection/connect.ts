import type { QmpAddress } from '../address.js';
import { unusablePath } from './connect-errors.js';
import { Connection } from './connection.js';
import type { ConnectOptions, QmpConnection } from './qmp-connection.js';
import { openSocket } from './socket-transport.js';
import type { OpenTransport } from './transport.js';

/**
 * Connects to a QEMU's QMP socket: opens it, reads the greeting, negotiates capabilities.
 *
 * @param address - a unix socket's path, or a TCP host and port
 * @returns a connection that takes commands
 * @throws QmpConnectError, after which nothing is left open; the signal's reason
 */
export function connect(address: QmpAddress, options: ConnectOptions = {}): Promise<QmpConnection> {
  return connectOver(openSocket, address, options);
}

/** As `connect`, over any transport. */
export async function connectOver(
  open: OpenTransport,
  address: QmpAddress,
  options: ConnectOptions = {},
): Promise<QmpConnection> {
  options.signal?.throwIfAborted();
  const unusable = unusablePath(address);
  if (unusable !== undefined) throw unusable;
  const connection = new Connection(open, address, options);
  await connection.ready;
  return connection;
}
