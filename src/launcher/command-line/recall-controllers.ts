import type { VmFile } from '../../config/index.js';
import type { ControllerSpec } from '../../qdev/index.js';
import { chooseControllers, growControllers } from './controllers.js';
import { rootSlotsOf } from './qemu-args.js';
import { slotOf } from './slot-pool.js';

/** A controller that a VM had when it ran last. */
export interface ControllerBefore {
  readonly id: string;
  /** Its PCI address: `10.0`. */
  readonly address: string;
}

/**
 * The controllers of a VM file (see `chooseControllers`) and those that a plan may add (see `growControllers`), each at the PCI
 * address that it had before, whatever was added to the file since. An address that `qemu.args` have taken by now is given up.
 *
 * @param before - what is remembered; empty for a VM that never ran
 * @param takenIds - ids that are in use otherwise
 */
export function recallControllers(
  vm: VmFile,
  before: readonly ControllerBefore[],
  takenIds: ReadonlySet<string>,
): { readonly chosen: readonly ControllerSpec[]; readonly growth: readonly ControllerSpec[] } {
  const taken = rootSlotsOf(vm.qemu.args);
  const slots = new Map(
    before.flatMap(({ id, address }) => {
      const slot = slotOf(address);
      return slot === undefined || taken.has(slot) ? [] : [[id, slot] as const];
    }),
  );
  const chosen = chooseControllers(vm, slots);
  return { chosen, growth: growControllers(vm, chosen, takenIds, slots) };
}
