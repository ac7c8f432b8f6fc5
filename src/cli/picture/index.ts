import type { Plan } from '../../planner/index.js';
import type { Prepared, VmStatus } from '../../vm/index.js';
import type { SvgRequest } from '../svg-option.js';
import type { Terminal } from '../terminal.js';
import { layOut } from './layout.js';
import { planScene, statusScene } from './scene.js';
import { spellSvg } from './svg.js';
import { writePicture } from './write.js';

/**
 * @param vm - how the VM is called
 * @param untold - devices that have no place in the plan since nobody tells their speed
 * @returns a plan as an SVG document
 */
export function planPicture(vm: string, plan: Plan, untold: Prepared['untold'] = []): string {
  return spellSvg(layOut(planScene(vm, plan, untold)));
}

/** @returns the state of a VM as an SVG document */
export function statusPicture(status: VmStatus): string {
  return spellSvg(layOut(statusScene(status)));
}

/** @throws QplugError `picture-unwritable` */
export async function deliverPicture({ path, alone }: SvgRequest, picture: string, terminal: Terminal): Promise<void> {
  if (alone) terminal.out(picture);
  else await writePicture(path, picture);
}
