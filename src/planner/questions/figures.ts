import { HIGH, portDepth, SPEEDS, SUPER } from '../../qdev/index.js';
import type { Plan } from '../plan.js';
import type { PlacedDevice } from '../report/index.js';
import type { DeviceRequest, PlanRequest } from '../request.js';
import { countFree, fastness, portName, spaceOf } from '../solve/index.js';
import { OBJECTIVES, type Objective } from './explanation.js';

/** How well a plan meets each objective, weightiest first; less is better. */
export type Figures = readonly number[];

/**
 * Measures a finished plan, without its search.
 *
 * @param request - the yardstick: pins and the reserve come from it, even if the plan was made for another request
 * @param reserve - the number of fast ports to keep if the request does not say
 */
export function figuresOf(request: PlanRequest, made: Plan, reserve: number): Figures {
  const ports = spaceOf(made.after).ports;
  const byName = new Map(ports.map((port) => [port.name, port]));
  const devices = new Map(request.devices.map((one) => [one.key, one]));
  const placed = made.placements.flatMap((placement) => {
    const device = devices.get(placement.key);
    const port = byName.get(portName(placement.bus, placement.port));
    return device === undefined || port === undefined ? [] : [{ device, placement, port }];
  });
  const away = request.devices.filter(({ key }) => !made.placements.some((one) => one.key === key));
  const classes = placed
    .filter(({ device }) => device.hubPorts === undefined)
    .map(({ placement: { speed, native } }) => Math.max(0, SPEEDS.indexOf(native) - SPEEDS.indexOf(speed)));
  const hubs = made.hubs.map(({ bus, port }) => byName.get(portName(bus, port))).filter((port) => port !== undefined);
  const used = [...placed.map(({ port }) => port), ...hubs];
  const kept = new Set((request.kept ?? []).map(({ bus, port }) => portName(bus, port)));
  const free = countFree(ports.filter(({ held }) => held === undefined));
  const figures: Readonly<Record<Objective, number>> = {
    mandatory: away.filter(({ mandatory }) => mandatory).length,
    'mandatory-pinned': away.filter((one) => one.mandatory && isPinned(one)).length,
    optional: away.filter(({ mandatory }) => !mandatory).length,
    'optional-pinned': away.filter((one) => !one.mandatory && isPinned(one)).length,
    slower: classes.filter((below) => below > 0).length,
    'speed-classes': sum(classes),
    home: request.devices.filter((one) => isAway(request, made, one)).length,
    kept: used.filter(({ name }) => kept.has(name)).length,
    controllers: made.controllers.length,
    ...crowding(placed, free, request.growth.hubs ? Math.max(0, request.reserve ?? reserve) : 0),
    hubs: made.hubs.length,
    'super-free': -free.super,
    'high-free': -free.high,
    'full-free': -free.full,
    'slow-on-fast': sum(placed.filter(isSlow).map(({ port }) => fastness(port.mask))),
    depth: sum(used.map(({ path }) => portDepth(path))),
    order: sum(used.map(({ controller }) => controller)),
  };
  return OBJECTIVES.map((objective) => figures[objective]);
}

/** See "The reserve" in docs/planner.md. */
function crowding(
  placed: readonly PlacedDevice[],
  free: ReturnType<typeof countFree>,
  keep: number,
): { crowding: number; 'last-place': number } {
  const slow = placed.filter((one) => isSlow(one) && one.device.pin?.port === undefined);
  if (keep === 0) return { crowding: 0, 'last-place': 0 };
  const crowd = (speed: number, left: number, lower: number): number => {
    const wanted = keep + (lower === 0 ? 1 : 0);
    const those = lower === 0 ? slow : slow.filter(({ port }) => (port.mask & speed) !== 0);
    return Math.min(those.length, Math.max(0, wanted - left));
  };
  return {
    crowding: crowd(SUPER, free.super, free.fullNotSuper) + crowd(HIGH, free.high, free.fullNotHigh),
    'last-place': slow.length > 0 && free.full === 0 ? 1 : 0,
  };
}

function isSlow({ device: { native, hubPorts } }: PlacedDevice): boolean {
  return (native === 'low' || native === 'full') && hubPorts === undefined;
}

function isPinned({ pin }: DeviceRequest): boolean {
  return (pin?.controller ?? pin?.port) !== undefined;
}

/** Whether a remembered device is elsewhere or has no port. A pin that leads away from its home, or nowhere, makes the home irrelevant. */
function isAway({ topology }: PlanRequest, made: Plan, device: DeviceRequest): boolean {
  const { key, home, pin } = device;
  if (home === undefined || (pin?.port ?? home.port) !== home.port) return false;
  const own = [...topology.controllers, ...made.after.controllers].find(({ bus }) => bus === home.bus);
  if (own === undefined && isPinned(device)) return false;
  if (pin?.controller !== undefined && pin.controller !== home.bus && pin.controller !== own?.id) return false;
  const placement = made.placements.find((one) => one.key === key);
  return placement?.bus !== home.bus || placement.port !== home.port;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
