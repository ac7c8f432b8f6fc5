import { formatTcpAddress, parseTcpAddress, type TcpAddress } from '../base/index.js';

/** Where a QMP server listens: a unix socket's path, or a TCP host and port. */
export type QmpAddress = { readonly path: string } | TcpAddress;

/** The longest path that a unix socket's address can hold on Linux, in bytes (unix(7): sun_path is 108 with its NUL). */
export const MAX_SOCKET_PATH_BYTES = 107;

/**
 * @returns the address as people write it: a path, which always has a slash (`./vm.qmp`), or `tcp:HOST:PORT`, as `formatTcpAddress` says.
 *   Not yet `printable`.
 */
export function formatAddress(address: QmpAddress): string {
  if (!('path' in address)) return formatTcpAddress(address);
  return address.path.includes('/') ? address.path : `./${address.path}`;
}

/** @returns the address that `formatAddress` writes so; any text that is no TCP address is a path */
export function parseAddress(text: string): QmpAddress {
  return parseTcpAddress(text) ?? { path: text };
}
