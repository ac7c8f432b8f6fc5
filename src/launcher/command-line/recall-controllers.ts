import type { VmFile } from '../../config/index.js';
import type { ControllerSpec } from '../../qdev/index.js';
import { chooseControllers, growControllers } from './controllers.js';
import { rootSlotsOf } from './qemu-args.js';
import { slotOf } from './slot-pool.js';

/** A controller of a VM's last run. */
export interface ControllerBefore {
  readonly id: string;
  /** Its PCI address: `10.0`. */
  readonly address: string;
}

/**
 * The controllers of a VM file (see `chooseControllers`) and those that a plan may add (see `growControllers`), each at its former PCI
 * address, whatever was added to the file since. qplug abandons an address that `qemu.args` use by now.
 *
 * @param before - the remembered controllers; empty for a VM that never ran
 * @param takenIds - other ids in use
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
