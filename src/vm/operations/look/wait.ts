import {
  claimsOf,
  type HostAccess,
  hostDeviceOf,
  inventoryOf,
  keyOf,
  lossOf,
  ownerOf,
  type VmTarget,
} from '../../../access/index.js';
import { DeadlineReached, poll } from '../../../base/index.js';
import { fail, QplugError } from '../../../diag/index.js';
import { matchSelector, requireSelector } from '../../../host/index.js';
import { sameKey } from '../../../registry/index.js';
import { type Operation, within } from '../../operation.js';
import { readSituation } from '../../plan/index.js';
import { findVm, openVm } from '../../target/index.js';

/** ms between two checks. A check reads sysfs and the database; it asks QEMU only when they say that the wait is over. */
const CHECK_INTERVAL = 250;

/** ms for the connection to the VM. */
const CONNECT_TIMEOUT = 5000;

/** What to wait for: a VM that answers, or a device that is in it or not. */
export type WaitWish = { readonly for: 'up' } | { readonly for: 'attached' | 'absent'; readonly select: string };

/**
 * Waits until something is so, whoever does it: an agent, a person, the host.
 *
 * @param vm - name, VM file or socket; a VM that is not there yet is waited for
 * @throws QplugError `wait-timeout` with what is so instead
 */
export async function waitUntil(vm: string, wish: WaitWish, host: HostAccess, operation: Operation): Promise<void> {
  let is = 'the VM is not running';
  const check = async (signal: AbortSignal): Promise<true | undefined> => {
    try {
      const target = await findVm(vm, host);
      is = await stateOf(target, wish, host, signal);
      return is === wish.for ? true : undefined;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof QplugError) || error.code === 'selector-invalid') throw error;
      return undefined;
    }
  };
  try {
    await within(operation, `wait for ${vm}`, (signal) =>
      poll(() => check(signal), { interval: CHECK_INTERVAL, signal }),
    );
  } catch (error) {
    if (!(error instanceof QplugError && error.cause instanceof DeadlineReached)) throw error;
    const select = 'select' in wish ? wish.select : undefined;
    throw fail('wait-timeout', { vm, select, wanted: wish.for, is, timeout: operation.timeout });
  }
}

/** @returns the state in words; exactly the wish's word if it is so */
async function stateOf(target: VmTarget, wish: WaitWish, host: HostAccess, signal: AbortSignal): Promise<string> {
  if (wish.for === 'up') {
    await using vm = await openVm(target, host, { signal, timeout: CONNECT_TIMEOUT });
    await vm.qmp.execute('query-status', undefined, { signal });
    return 'up';
  }
  const inventory = inventoryOf(host);
  const matching = matchSelector(requireSelector(wish.select), inventory);
  const claims = claimsOf(ownerOf(target), host);
  const claimed = claims.find(({ key }) => matching.some((one) => sameKey(keyOf(one, inventory), key)));
  if (claimed === undefined)
    return matching.length === 0 && wish.for === 'attached' ? 'the device is not plugged in' : 'absent';
  const loss = lossOf(claimed, inventory);
  if (loss !== undefined) return loss;
  if (claimed.state !== 'attached') return claimed.state;
  if (wish.for === 'absent') return 'attached';
  // the records say so: QEMU has the last word
  await using vm = await openVm(target, host, { signal, timeout: CONNECT_TIMEOUT });
  const { topology } = await readSituation(vm, host, { models: () => [], signal, already: { inventory } });
  const isThere = topology.controllers.some(({ devices }) =>
    devices.some((one) => one.attached && matching.some((device) => hostDeviceOf(one, inventory, claims) === device)),
  );
  return isThere ? 'attached' : 'absent';
}
