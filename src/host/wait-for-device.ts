import { type Deadline, poll } from '../base/index.js';
import { type EvidenceByCode, fail, QplugError } from '../diag/index.js';
import { requireSelector, type Selector, selectOne } from './selectors/index.js';
import { readInventory } from './sysfs/index.js';
import type { HostDevice, HostInventory } from './usb-device.js';

/** How to wait for a device. */
export interface DeviceWait {
  readonly deadline: Deadline;
  /** ms between two reads; default 200. */
  readonly interval?: number | undefined;
  /** One read; by default of this host. */
  readonly read?: (() => HostInventory) | undefined;
}

type LastLook = Pick<EvidenceByCode['device-wait-timeout'], 'state' | 'node'>;

/**
 * Waits until exactly one device matches and its node may be opened. Waits for a denied node too, because udev sets the permissions of a
 * node some time after the device appears.
 *
 * @throws QplugError `device-wait-timeout` at the deadline · immediately, the errors that waiting cannot fix: `selector-invalid`,
 *   `selector-ambiguous`, `device-is-hub` · the reason of the deadline's signal if the caller aborts
 */
export async function waitForDevice(selector: Selector | string, wait: DeviceWait): Promise<HostDevice> {
  const wanted = typeof selector === 'string' ? requireSelector(selector) : selector;
  const read = wait.read ?? readInventory;
  let last: LastLook = { state: 'absent', node: undefined };
  const look = (): HostDevice | undefined => {
    const device = presentOne(wanted, read());
    if (device?.access === 'usable') return device;
    last =
      device === undefined
        ? { state: 'absent', node: undefined }
        : { state: device.access as 'denied' | 'missing', node: device.node };
    return undefined;
  };
  try {
    return await poll(look, { interval: wait.interval ?? 200, signal: wait.deadline.signal });
  } catch (error) {
    if (!wait.deadline.reached || error instanceof QplugError) throw error;
    throw fail(
      'device-wait-timeout',
      { selector: wanted.text, timeout: wait.deadline.timeout, ...last },
      { cause: error },
    );
  }
}

function presentOne(selector: Selector, inventory: HostInventory): HostDevice | undefined {
  try {
    return selectOne(selector, inventory);
  } catch (error) {
    if (error instanceof QplugError && error.code === 'device-not-found') return undefined;
    throw error;
  }
}
