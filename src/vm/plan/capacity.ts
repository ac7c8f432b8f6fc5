import type { HostAccess } from '../../access/index.js';
import { type Room, roomFor } from '../../planner/index.js';
import type { Speed } from '../../qdev/index.js';
import type { OpenVm } from '../target/index.js';
import { GROWTH_MODELS, growthOf } from './growth.js';
import { type AttachRequest, planAttach } from './plan-attach.js';
import type { Prepared } from './prepare-start.js';
import { readSituation } from './situation.js';

/** @returns how many more devices of one speed, or of each speed, fit a VM that is not started yet, besides those of its file */
export function roomInFile({ plan, request, file }: Prepared, speed?: Speed): Room[] {
  const controllers = request.growth.controllers.slice(plan.controllers.length);
  const growth = { ...request.growth, controllers };
  return roomFor({ topology: plan.after, growth, reserve: file.usb.reserve }, speed);
}

/**
 * @param request - devices that get their ports first
 * @returns how many more devices of one speed, or of each speed, fit a running VM
 * @throws QplugError as `planAttach`
 */
export async function roomInVm(
  vm: OpenVm,
  request: AttachRequest,
  host: HostAccess,
  { speed, signal }: { readonly speed: Speed | undefined; readonly signal: AbortSignal },
): Promise<Room[]> {
  const planned = request.selectors.length === 0 ? undefined : await planAttach(vm, request, host, signal);
  const situation = planned?.situation ?? (await readSituation(vm, host, { models: () => GROWTH_MODELS, signal }));
  const { file, capabilities } = situation;
  const topology = planned?.plan.after ?? situation.topology;
  const allowed = request.grow ?? file?.usb.grow ?? { hubs: true, controllers: false };
  const growth = growthOf(topology, allowed, capabilities);
  return roomFor({ topology, growth, reserve: file?.usb.reserve }, speed);
}
