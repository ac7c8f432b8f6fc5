import { setTimeout as delay } from 'node:timers/promises';
import { Deadline } from '../../base/index.js';
import { fail } from '../../diag/index.js';
import { QmpCommandError, type QmpConnection, QmpTimeoutError } from '../../qmp/index.js';

/** How often the QOM tree is asked while an object's removal is awaited, in ms. */
const ASK_EVERY = 100;

/**
 * ms that an object has to be out of the QOM tree until its event is not waited for any more. The event says that its id is free,
 * and comes 50 to 120 ms after (RCU, util/rcu.c).
 */
const EVENT_LATE = 500;

export interface Removal {
  /** An id, or an absolute QOM path: what `device_del` takes. */
  readonly target: string;
  readonly qomPath: string;
}

/**
 * Takes a device out and waits until QEMU is done with it: DEVICE_DELETED, or the object's absence from the QOM tree, for
 * the event never comes for an xHCI on QEMU 5.2 to 10.0.2 (reference cycle between controller and core). Only then may its
 * id be used again.
 *
 * @param timeout - ms
 * @returns false when it was not there in the first place
 * @throws QplugError `removal-pending` when it was not let go in time · QmpTimeoutError when QEMU gave no answer · QmpError · the
 *   signal's reason
 */
export async function removeDevice(
  qmp: QmpConnection,
  removal: Removal,
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
  { target }: Removal,
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

/** Resolves when an object left the QOM tree and its event is overdue. */
async function absence(qmp: QmpConnection, path: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    // the event is the usual end: the tree is asked only when it is late
    await delay(ASK_EVERY, undefined, { signal });
    try {
      await qmp.execute('qom-list', { path }, { signal });
    } catch (error) {
      if (!(error instanceof QmpCommandError)) throw error;
      await delay(EVENT_LATE, undefined, { signal });
      return;
    }
  }
}
