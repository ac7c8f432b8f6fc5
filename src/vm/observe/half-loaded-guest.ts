import { type Finding, fail, finding } from '../../diag/index.js';
import { QmpCommandError, type QmpConnection } from '../../qmp/index.js';
import type { OpenVm } from '../target/index.js';

/**
 * A do-nothing QEMU object that marks a guest whose state was only partly loaded. It lives as long as the guest, so every later qplug sees
 * it, and no saved state contains it.
 */
const MARK = { 'qom-type': 'rng-builtin', id: 'qplug-half-loaded' } as const;

/** Marks a guest whose state may be only partly loaded. Has no effect on a QEMU without such objects. */
export async function markHalfLoaded(qmp: QmpConnection, signal: AbortSignal): Promise<void> {
  await unlessRefused(qmp.execute('object-add', MARK, { signal }));
}

/** Removes the mark: the state is loaded completely. */
export async function unmarkHalfLoaded(qmp: QmpConnection, signal: AbortSignal): Promise<void> {
  await unlessRefused(qmp.execute('object-del', { id: MARK.id }, { signal }));
}

/** @throws QplugError `guest-half-loaded` for a marked guest: it must not run, be saved or migrate */
export async function refuseHalfLoaded(vm: OpenVm, signal: AbortSignal): Promise<void> {
  if (await isHalfLoaded(vm, signal)) throw fail('guest-half-loaded', { vm: vm.name });
}

/** @returns the finding that the guest must not run, if it is marked */
export async function halfLoadedFinding(vm: OpenVm, signal: AbortSignal): Promise<Finding[]> {
  return (await isHalfLoaded(vm, signal))
    ? [finding('guest-half-loaded', { vm: vm.name }, { severity: 'warning' })]
    : [];
}

async function isHalfLoaded({ qmp }: OpenVm, signal: AbortSignal): Promise<boolean> {
  try {
    const objects = await qmp.execute('qom-list', { path: '/objects' }, { signal });
    return objects.some(({ name }) => name === MARK.id);
  } catch (error) {
    // a QEMU without objects has no /objects
    if (error instanceof QmpCommandError) return false;
    throw error;
  }
}

async function unlessRefused(answer: Promise<unknown>): Promise<void> {
  try {
    await answer;
  } catch (error) {
    if (!(error instanceof QmpCommandError)) throw error;
  }
}
