import { isInRoot } from '../../base/index.js';
import { finding, QplugError } from '../../diag/index.js';
import { formatAddress, MAX_SOCKET_PATH_BYTES, type QmpAddress } from '../address.js';
import { type CloseReason, errnoOf, QmpConnectError } from '../errors.js';
import type { ErrorReply } from '../protocol/index.js';

/** How far an attempt to connect had come. */
export interface ConnectProgress {
  /** The socket was connected. */
  readonly opened: boolean;
  /** The greeting came. */
  readonly greeted: boolean;
  /** A share greeted, and another client has its turn. */
  readonly waitsForTurn: boolean;
  /** The start of a first line whose end has not come yet; untrusted. */
  readonly unfinished: string;
}

/** @returns the error for a failed system call while connecting (connect(2), unix(7)) */
export function connectError(address: QmpAddress, cause: Error): QmpConnectError {
  // `over` says it in its own words
  if (cause instanceof QplugError) return new QmpConnectError(address, cause.findings[0], { cause });
  const where = formatAddress(address);
  const errno = errnoOf(cause);
  const unix = 'path' in address;
  if (errno === 'ECONNREFUSED') return refused(address, cause);
  if (unix && ['ENOENT', 'ENOTDIR', 'ESRCH'].includes(errno)) {
    return new QmpConnectError(address, finding('qmp-no-socket', { address: where }), { cause });
  }
  if (unix && (errno === 'EACCES' || errno === 'EPERM')) {
    return new QmpConnectError(address, finding('qmp-permission', { address: where }), { cause });
  }
  // The queue of clients that wait to be accepted is full; QEMU's holds one (`listen` in util/qemu-sockets.c).
  if (unix && errno === 'EAGAIN') {
    return new QmpConnectError(address, finding('qmp-busy', { address: where }), { cause });
  }
  return new QmpConnectError(address, finding('qmp-connect-failed', { address: where, errno }), { cause });
}

function refused(address: QmpAddress, cause: Error): QmpConnectError {
  return new QmpConnectError(address, finding('qmp-refused', { address: formatAddress(address) }), { cause });
}

/** @returns the error for an attempt that took too long, judged by how far it had come */
export function connectTimeout(address: QmpAddress, timeout: number, progress: ConnectProgress): QmpConnectError {
  const where = formatAddress(address);
  if (!progress.opened) {
    return new QmpConnectError(address, finding('qmp-connect-failed', { address: where, errno: 'ETIMEDOUT' }));
  }
  if (progress.waitsForTurn) return new QmpConnectError(address, finding('qmp-no-turn', { address: where, timeout }));
  if (progress.greeted) return new QmpConnectError(address, finding('qmp-ended-early', { address: where, timeout }));
  if (progress.unfinished !== '') return notQmp(address, progress.unfinished);
  return new QmpConnectError(address, finding('qmp-busy', { address: where, timeout }));
}

/** @param received - the start of what came instead of a greeting */
export function notQmp(address: QmpAddress, received: string): QmpConnectError {
  return new QmpConnectError(address, finding('qmp-not-qmp', { address: formatAddress(address), received }));
}

export function capabilitiesRefused(address: QmpAddress, error: ErrorReply): QmpConnectError {
  return new QmpConnectError(
    address,
    finding('qmp-capabilities-refused', { address: formatAddress(address), class: error.class, desc: error.desc }),
  );
}

/** The connection ended between the connect and the answer to `qmp_capabilities`. */
export function endedEarly(address: QmpAddress, reason: CloseReason): QmpConnectError {
  return new QmpConnectError(address, finding('qmp-ended-early', { address: formatAddress(address) }), {
    cause: 'error' in reason ? reason.error : undefined,
  });
}

/**
 * Node silently truncates a longer path, and would connect to another socket (libuv, uv_pipe_connect). A path in the root of another process
 * may be longer, since qplug opens it step by step.
 *
 * @returns the error for a path that no unix socket can have, or undefined
 */
export function unusablePath(address: QmpAddress): QmpConnectError | undefined {
  if (!('path' in address)) return undefined;
  const where = formatAddress(address);
  if (address.path === '' || address.path.includes('\0')) {
    return new QmpConnectError(address, finding('qmp-no-socket', { address: where }));
  }
  const bytes = new TextEncoder().encode(address.path).length;
  if (bytes <= MAX_SOCKET_PATH_BYTES || isInRoot(address.path)) return undefined;
  const limit = MAX_SOCKET_PATH_BYTES;
  return new QmpConnectError(address, finding('qmp-path-too-long', { address: where, bytes, limit }));
}
