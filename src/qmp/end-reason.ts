import type { QmpAddress } from './address.js';
import { type CloseReason, protocolError } from './errors.js';
import type { Effect } from './session.js';

/** @returns the reason for the end of a session, as its user sees it */
export function closeReason(address: QmpAddress, { end, shutdown }: Effect & { effect: 'closed' }): CloseReason {
  if (end.end === 'by-us') return { reason: 'by-us' };
  if (end.end === 'fault') return { reason: 'protocol', error: protocolError(address, end.fault) };
  // QEMU often resets the connection while it quits, so the SHUTDOWN before it says more than the errno.
  if (shutdown !== undefined) return { reason: 'shutdown', ...shutdown };
  return end.end === 'eof' ? { reason: 'eof' } : { reason: 'error', error: end.error };
}
