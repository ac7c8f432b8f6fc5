import { type DeviceRequest, type Placement, type Plan, type PlanRequest, plan } from '../../../src/planner/index.js';
import { negotiate, portDepth, portMask, SPEEDS, type Topology } from '../../../src/qdev/index.js';

/** Attaches devices one at a time, each to the VM that the one before left. */
export function oneAtATime(
  topology: Topology,
  devices: readonly DeviceRequest[],
  rest: Omit<PlanRequest, 'topology' | 'devices'>,
): { plans: Plan[]; placements: Placement[]; refused: string[]; after: Topology } {
  let after = topology;
  const plans: Plan[] = [];
  for (const device of devices) {
    const one = plan({ ...rest, topology: after, devices: [device] });
    plans.push(one);
    after = one.after;
  }
  return {
    plans,
    placements: plans.flatMap(({ placements }) => placements),
    refused: plans.flatMap(({ refusals }) => refusals.map(({ key }) => key)),
    after,
  };
}

export function isNative({ speed, native }: Placement): boolean {
  return SPEEDS.indexOf(speed) >= SPEEDS.indexOf(native);
}

/**
 * What must be true of any plan, checked against the topology that results rather than with the planner's own code.
 *
 * @returns what is wrong, in words; nothing for a sound plan
 */
export function faults(asked: PlanRequest, made: Plan): string[] {
  const wrong: string[] = [];
  const names = made.placements
    .map(({ bus, port }) => `${port}@${bus}`)
    .concat(made.hubs.map(({ bus, port }) => `${port}@${bus}`));
  for (const { bus, devices } of asked.topology.controllers) {
    names.push(...devices.flatMap(({ port }) => (port === undefined ? [] : [`${port}@${bus}`])));
  }
  if (new Set(names).size !== names.length) wrong.push(`a port is used twice: ${names.join(' ')}`);

  const byKey = new Map(asked.devices.map((device) => [device.key, device]));
  for (const placement of made.placements) {
    const device = byKey.get(placement.key)!;
    const mask = portMask(made.after, placement.bus, placement.port);
    if (mask === undefined) wrong.push(`${placement.key}: no port ${placement.port} on ${placement.bus}`);
    if (negotiate(device.mask, mask ?? 0) !== placement.speed) wrong.push(`${placement.key}: wrong speed`);
    if (!isNative(placement) && device.slower === 'refuse') wrong.push(`${placement.key}: slower without leave`);
    if (device.hubPorts !== undefined && portDepth(placement.port) > 5) wrong.push(`${placement.key}: hub too deep`);
    const pin = device.pin;
    const controller = made.after.controllers.find(({ bus }) => bus === placement.bus)!;
    if (pin?.port !== undefined && pin.port !== placement.port) wrong.push(`${placement.key}: not at its pinned port`);
    if (pin?.controller !== undefined && ![controller.bus, controller.id].includes(pin.controller)) {
      wrong.push(`${placement.key}: not on its pinned controller`);
    }
  }
  for (const { id, bus, port } of made.hubs) {
    if (portDepth(port) > 5) wrong.push(`${id}: hub too deep`);
    if (negotiate(2, portMask(made.after, bus, port) ?? 0) === undefined) wrong.push(`${id}: no port for a hub`);
  }
  for (const { bus, slots = Number.POSITIVE_INFINITY, devices } of made.after.controllers) {
    const before = asked.topology.controllers.find((one) => one.bus === bus)?.devices.length ?? 0;
    if (devices.length > Math.max(slots, before)) wrong.push(`${bus}: more devices than slots`);
  }
  if (made.placements.length + made.refusals.length !== asked.devices.length) wrong.push('a device is lost');
  if (made.hubs.length > 0 && !asked.growth.hubs) wrong.push('a hub without leave');

  const seen = new Set(names.slice(made.placements.length + made.hubs.length));
  for (const step of made.steps) {
    if (step.add === 'controller') continue;
    const { bus, port } = step.add === 'hub' ? step.hub : step.placement;
    const dot = port.lastIndexOf('.');
    if (dot >= 0 && !seen.has(`${port.slice(0, dot)}@${bus}`)) wrong.push(`${port}@${bus} comes before its hub`);
    seen.add(`${port}@${bus}`);
  }
  return wrong;
}
