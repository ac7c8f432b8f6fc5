import type { ControllerWish, VmFile } from '../../config/index.js';
import { boardControllers, checkGuest, growControllers } from '../../launcher/index.js';
import type { Leeway } from '../../planner/index.js';
import type { ControllerSpec } from '../../qdev/index.js';

/**
 * Lists the possible changes to a VM file, so that qplug suggests only fixes with which the file passes all checks.
 *
 * @param chosen - the controllers that QEMU will create
 * @param taken - ids in use
 */
export function fileLeeway(file: VmFile, chosen: readonly ControllerSpec[], taken: ReadonlySet<string>): Leeway {
  const grow = { ...file.usb.grow, controllers: true };
  const wishes = file.usb.controllers ?? chosen.map(wishOf);
  return {
    running: false,
    growable: growControllers({ ...file, usb: { ...file.usb, grow } }, chosen, taken),
    addable: accepts(file, [...wishes, wishOf({ id: 'qplug-one-more', model: 'qemu-xhci' })]),
    companions: wishes
      .filter(({ pointer }) => wishes.filter((other) => other.pointer === pointer).length === 1)
      .filter((wish) =>
        accepts(
          file,
          wishes.map((one) => (one === wish ? { ...wish, model: 'ich9' } : one)),
        ),
      )
      .map(({ id }) => id),
  };
}

/** The controllers that a VM has although its file does not list them: a file that lists one controller must list these too. */
export function unwrittenControllers(file: VmFile, chosen: readonly ControllerSpec[]): readonly ControllerSpec[] {
  return file.usb.controllers === undefined ? chosen : [];
}

function wishOf({ id, model }: Pick<ControllerSpec, 'id' | 'model'>): ControllerWish {
  return { id, model, ports: undefined, p2: undefined, p3: undefined, pointer: ['usb', 'controllers', id] };
}

/** Whether a VM with these controllers passes all checks and keeps the controllers of its board: a microvm loses them. */
function accepts(file: VmFile, controllers: readonly ControllerWish[]): boolean {
  const changed = { ...file, usb: { ...file.usb, controllers } };
  return checkGuest(changed).length === 0 && boardControllers(changed).length === boardControllers(file).length;
}
