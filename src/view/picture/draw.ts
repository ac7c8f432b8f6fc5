import type { Plan } from '../../planner/index.js';
import type { Prepared, VmStatus } from '../../vm/index.js';
import { layOut } from './layout.js';
import { planScene, statusScene } from './scene.js';
import { spellSvg } from './svg.js';

/**
 * @param vm - the name of the VM
 * @param untold - devices that have no place in the plan because their speed is not known
 * @returns a plan as an SVG document
 */
export function planPicture(vm: string, plan: Plan, untold: Prepared['untold'] = []): string {
  return spellSvg(layOut(planScene(vm, plan, untold)));
}

/** @returns the state of a VM as an SVG document */
export function statusPicture(status: VmStatus): string {
  return spellSvg(layOut(statusScene(status)));
}
