import { fstatSync } from 'node:fs';

/** A socket that is open, as fstat(2) tells it: the kernel gives no two sockets the same. */
export interface SocketIdentity {
  /** The device of all sockets. */
  readonly dev: number;
  readonly ino: number;
}

/**
 * Node tells the descriptor of a server or a socket by this property alone, since 0.6.
 *
 * @returns undefined where there is none: it is closed, or this Node does not tell it
 */
export function descriptorOf(owner: object): number | undefined {
  const { fd } = (owner as { readonly _handle?: { readonly fd?: unknown } | null })._handle ?? {};
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}

/** @returns which socket this process has open there; undefined where it has none */
export function socketOf(owner: object): SocketIdentity | undefined {
  const fd = descriptorOf(owner);
  if (fd === undefined) return undefined;
  const { dev, ino } = fstatSync(fd);
  return { dev, ino };
}
