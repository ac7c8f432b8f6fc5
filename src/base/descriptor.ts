import { fstatSync } from 'node:fs';

/** The identity of an open socket from fstat(2), which is unique. */
export interface SocketIdentity {
  /** The device number of all sockets. */
  readonly dev: number;
  readonly ino: number;
}

/**
 * Reads the descriptor of a server or a socket. Node.js has only this property for it, since 0.6.
 *
 * @returns undefined if there is none: it is closed, or this Node.js lacks the property
 */
export function descriptorOf(owner: object): number | undefined {
  const { fd } = (owner as { readonly _handle?: { readonly fd?: unknown } | null })._handle ?? {};
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}

/** @returns the identity of this process's socket with that descriptor; undefined if it has none */
export function socketOf(owner: object): SocketIdentity | undefined {
  const fd = descriptorOf(owner);
  if (fd === undefined) return undefined;
  const { dev, ino } = fstatSync(fd);
  return { dev, ino };
}
