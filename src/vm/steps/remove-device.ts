import { setTimeout as delay } from 'node:timers/promises';
import { Deadline } from '../../base/index.js';
import { fail } from '../../diag/index.js';
import { QmpCommandError, type QmpConnection, QmpTimeoutError } from '../../qmp/index.js';

/** ms between two queries of the QOM tree during a removal. */
const QUERY_INTERVAL = 100;

/**
 * ms to wait for an object's event after it left the QOM tree. The event means that its id is free, and comes 50 to 120 ms later (RCU,
 * util/rcu.c).
 */
const EVENT_GRACE = 500;

export interface RemovalTarget {
  /** An id, or an absolute QOM path: what `device_del` takes. */
  readonly target: string;
  readonly qomPath: string;
}

/**
 * Removes a device and waits until QEMU has deleted it: for DEVICE_DELETED, or until the object is absent from the QOM tree, because QEMU
 * 5.2 to 10.0.2 never sends the event for an xHCI (reference cycle between controller and core). Only then is its id free.
 *
 * @param timeout - ms
 * @returns false if there was no such device
 * @throws QplugError `removal-pending` if the guest did not release it in time · QmpTimeoutError if QEMU did not answer · QmpError · the
 *   signal's reason
 */
export async function removeDevice(
  qmp: QmpConnection,
  removal: RemovalTarget,
  options: { readonly timeout: number; readonly signal: AbortSignal },
): Promise<boolean> {
  using deadline = new Deadline(options.timeout, options.signal);
  const { signal } = deadline;
  using deleted = qmp.waitFor(
    'DEVICE_DELETED',
    ({ data }) => data.path === removal.qomPath || data.device === removal.target,
    { signal, timeout: Number.POSITIVE_INFINITY },
  );
  try {
    if (!(await askFor(qmp, removal, options))) return false;
    await Promise.race([deleted.promise, absence(qmp, removal.qomPath, signal)]);
  } catch (error) {
    if (!deadline.reached || error instanceof QmpTimeoutError) throw error;
    throw fail('removal-pending', { device: removal.target, timeout: options.timeout }, { cause: error });
  }
  return true;
}

/** @returns whether there is such a device */
async function askFor(
  qmp: QmpConnection,
  { target }: RemovalTarget,
  options: { readonly timeout: number; readonly signal: AbortSignal },
): Promise<boolean> {
  try {
    await qmp.execute('device_del', { id: target }, options);
  } catch (error) {
    if (!(error instanceof QmpCommandError)) throw error;
    if (error.errorClass === 'DeviceNotFound') return false;
    if (!error.desc.includes('already in the process of unplug')) throw error;
  }
  return true;
}

/** Resolves when an object has left the QOM tree and its event is overdue. */
async function absence(qmp: QmpConnection, path: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    // usually the event comes first; query the tree only if it is late
    await delay(QUERY_INTERVAL, undefined, { signal });
    try {
      await qmp.execute('qom-list', { path }, { signal });
    } catch (error) {
      if (!(error instanceof QmpCommandError)) throw error;
      await delay(EVENT_GRACE, undefined, { signal });
      return;
    }
  }
}
