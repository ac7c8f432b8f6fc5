import { type HostAccess, hostDeviceOf, inventoryOf, type VmTarget } from '../../../access/index.js';
import { DeadlineReached, poll } from '../../../base/index.js';
import { describe, fail, QplugError } from '../../../diag/index.js';
import { matchSelector, requireSelector, type Selector } from '../../../host/index.js';
import { type Operation, within } from '../../operation.js';
import { readSituation } from '../../plan/index.js';
import { findVm, openVm } from '../../target/index.js';

/** ms between two checks, and for the connection of one check to the VM. */
const CHECK_INTERVAL = 250;
const CONNECT_TIMEOUT = 5000;

/** What to wait for: a VM that answers, or a device that is in it or not. */
export type WaitWish = { readonly for: 'up' } | { readonly for: 'attached' | 'absent'; readonly select: string };

/**
 * Waits until something is so, whoever does it: an agent, a person, the host. QEMU says whether it has the device; only for a device that is not
 * plugged in nobody asks it.
 *
 * @param vm - name, VM file or socket; a VM that is not there yet is waited for
 * @throws QplugError `selector-invalid` · `wait-timeout` with what is so instead
 */
export async function waitUntil(vm: string, wish: WaitWish, host: HostAccess, operation: Operation): Promise<void> {
  const selector = 'select' in wish ? requireSelector(wish.select) : undefined;
  let is = '';
  const check = async (signal: AbortSignal): Promise<boolean> => {
    try {
      is = await stateOf(await findVm(vm, host), selector, host, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof QplugError)) throw error;
      is = describe(error.findings[0]).what;
    }
    return is === wish.for;
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

/** @returns `up`, `attached` or `absent` */
async function stateOf(
  target: VmTarget,
  selector: Selector | undefined,
  host: HostAccess,
  signal: AbortSignal,
): Promise<string> {
  const inventory = inventoryOf(host);
  const matching = selector && matchSelector(selector, inventory);
  if (matching?.length === 0) return 'absent';
  await using vm = await openVm(target, host, { signal, timeout: CONNECT_TIMEOUT });
  const { topology, claims } = await readSituation(vm, host, {
    models: () => [],
    signal,
    already: { file: undefined, inventory },
  });
  if (matching === undefined) return 'up';
  const isThere = topology.controllers.some(({ devices }) =>
    devices.some((one) => {
      const hostDevice = one.attached ? hostDeviceOf(one, inventory, claims) : undefined;
      return hostDevice !== undefined && matching.includes(hostDevice);
    }),
  );
  return isThere ? 'attached' : 'absent';
}
