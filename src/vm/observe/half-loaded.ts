import { type Finding, fail, finding } from '../../diag/index.js';
import { QmpCommandError, type QmpConnection } from '../../qmp/index.js';
import type { OpenVm } from '../target/index.js';

/**
 * An object in QEMU that does nothing, for as long as its guest may have half of a saved state in it: it lives just as long as that guest,
 * and whoever looks sees it, also another user's qplug, or one that comes after a kill. No device uses it, so no state has it.
 */
const MARK = { 'qom-type': 'rng-builtin', id: 'qplug-half-loaded' } as const;

/** Says of a guest that half of a state may be in it. A QEMU that has no such object is not marked. */
export async function markHalfLoaded(qmp: QmpConnection, signal: AbortSignal): Promise<void> {
  await unlessRefused(qmp.execute('object-add', MARK, { signal }));
}

/** Takes that back: all of the state is in it. */
export async function unmarkHalfLoaded(qmp: QmpConnection, signal: AbortSignal): Promise<void> {
  await unlessRefused(qmp.execute('object-del', { id: MARK.id }, { signal }));
}

/** @throws QplugError `guest-half-loaded` for a guest that must not go on, nor be kept or sent as it is */
export async function refuseHalfLoaded(vm: OpenVm, signal: AbortSignal): Promise<void> {
  if (await isHalfLoaded(vm, signal)) throw fail('guest-half-loaded', { vm: vm.name });
}

/** @returns the finding that a guest must not go on */
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
    // a QEMU that never had an object has no place for them
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
