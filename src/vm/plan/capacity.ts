import type { HostAccess } from '../../access/index.js';
import { type Room, roomFor } from '../../planner/index.js';
import type { Speed } from '../../qdev/index.js';
import { readTopologyAndModels } from '../observe/index.js';
import { fileOf, type OpenVm } from '../target/index.js';
import { GROWTH_MODELS, growthOf } from './growth.js';
import { type AttachRequest, planAttach } from './plan-attach.js';
import type { Prepared } from './prepare-start.js';

/** @returns how many devices of a class, or of each, would fit a VM beside those of its file, before it is started */
export function roomInFile({ plan, request, file }: Prepared, speed?: Speed): Room[] {
  const controllers = request.growth.controllers.slice(plan.controllers.length);
  const growth = { ...request.growth, controllers };
  return roomFor({ topology: plan.after, growth, reserve: file.usb.reserve }, speed);
}

/**
 * @param request - devices that are to come first
 * @returns how many devices of a class, or of each, would fit a VM that runs
 * @throws QplugError as `planAttach`
 */
export async function roomInVm(
  vm: OpenVm,
  request: AttachRequest,
  host: HostAccess,
  { speed, signal }: { readonly speed: Speed | undefined; readonly signal: AbortSignal },
): Promise<Room[]> {
  const file = await fileOf(vm);
  const [now, capabilities] = await readTopologyAndModels(vm.qmp, GROWTH_MODELS, signal);
  const topology = request.selectors.length === 0 ? now : (await planAttach(vm, request, host, signal)).plan.after;
  const allowed = request.grow ?? file?.usb.grow ?? { hubs: true, controllers: false };
  const growth = growthOf(topology, allowed, capabilities);
  return roomFor({ topology, growth, reserve: file?.usb.reserve }, speed);
}
