import { type HostAccess, hostDeviceOf, inventoryOf, type VmTarget } from '../../../access/index.js';
import { DeadlineReached, poll } from '../../../base/index.js';
import { describe, fail, QplugError } from '../../../diag/index.js';
import { type HostDevice, matchSelector, requireSelector, type Selector } from '../../../host/index.js';
import type { AttachedDevice } from '../../../qdev/index.js';
import { type Operation, within } from '../../operation.js';
import { readSituation } from '../../plan/index.js';
import { findVm, openVm } from '../../target/index.js';

/** ms between two checks, and for the connection of one check to the VM. */
const CHECK_INTERVAL = 250;
const CONNECT_TIMEOUT = 5000;

/** What to wait for: a VM that answers, or a device that is in it, in it and ready for use by the guest, or not in it. */
export type WaitWish =
  | { readonly for: 'up' }
  | { readonly for: 'attached' | 'ready' | 'absent'; readonly select: string };

/**
 * Waits until something is so, whoever does it: an agent, a person, the host. QEMU says whether it has the device; only for a device that is not
 * plugged in nobody asks it. `readinessOf` says when a device is ready.
 *
 * @param vm - name, VM file or socket; a VM that is not there yet is waited for
 * @throws QplugError `selector-invalid` · `wait-timeout` with what is so instead
 */
export async function waitUntil(vm: string, wish: WaitWish, host: HostAccess, operation: Operation): Promise<void> {
  const selector = 'select' in wish ? requireSelector(wish.select) : undefined;
  let is = 'no answer came in that time';
  const check = async (signal: AbortSignal): Promise<boolean> => {
    try {
      is = await stateOf(await findVm(vm, host, signal), { selector, wanted: wish.for }, host, signal);
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

/** @returns `up`, `attached` or `absent`; where `ready` is wanted, also that, or what a device lacks for it */
async function stateOf(
  target: VmTarget,
  { selector, wanted }: { readonly selector: Selector | undefined; readonly wanted: WaitWish['for'] },
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
  const states = topology.controllers.flatMap(({ devices }) =>
    devices.flatMap((one): string[] => {
      const hostDevice = one.attached ? hostDeviceOf(one, inventory, claims) : undefined;
      if (hostDevice === undefined || !matching.includes(hostDevice)) return [];
      return [wanted === 'ready' ? readinessOf(one, hostDevice) : 'attached'];
    }),
  );
  return states.find((state) => state === 'ready') ?? states[0] ?? 'absent';
}

/**
 * Whether the guest can use a device that QEMU has attached. QEMU takes an address when the guest gives one (hw/usb/desc.c and
 * hw/usb/host-libusb.c, SET_ADDRESS), and lets go of it when the guest resets the device. It claims the interfaces when the guest chooses a
 * configuration (hw/usb/host-libusb.c, usb_host_set_config), and then their driver on the host is usbfs (usb_driver_claim_interface).
 *
 * @returns `ready`, or what is so instead. A fact that QEMU or the host does not show counts as given.
 */
export function readinessOf(
  { guestAddress }: Pick<AttachedDevice, 'guestAddress'>,
  { interfaces }: Pick<HostDevice, 'interfaces'>,
): string {
  if (guestAddress === 0) return 'it is attached, and the guest has not addressed it yet';
  const free = interfaces.find(({ driver }) => driver !== 'usbfs');
  if (free === undefined) return 'ready';
  const { name, driver = 'no driver' } = free;
  return `it is attached, and the guest has not configured it yet: the host has ${driver} on ${name}, and not usbfs`;
}
