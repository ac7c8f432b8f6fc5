/** Where a QMP server listens: a unix socket's path, or a TCP host and port. */
export type QmpAddress = { readonly path: string } | { readonly host: string; readonly port: number };

/** The longest path that a unix socket's address can hold on Linux, in bytes (unix(7): sun_path is 108 with its NUL). */
export const MAX_SOCKET_PATH_BYTES = 107;

/**
 * @returns the address as people write it: a path, which always has a slash (`./vm.qmp`), `host:port`, or `[host]:port`
 *   for IPv6. Not yet `printable`.
 */
export function formatAddress(address: QmpAddress): string {
  if ('path' in address) return address.path.includes('/') ? address.path : `./${address.path}`;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
