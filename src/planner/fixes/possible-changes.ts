import { nearest } from '../../diag/index.js';
import {
  type ControllerModel,
  comparePorts,
  controllerModel,
  FULL,
  negotiate,
  portsOf,
  type Topology,
  uniqueId,
} from '../../qdev/index.js';
import type { Plan, PlanChange } from '../plan.js';
import type { DeviceRequest, PlanRequest } from '../request.js';
import { growable, isRunning, slotsLeft } from './growable-controllers.js';
import { MOST_PORTS } from './new-controller.js';

/** How many attached devices are tried for `detach`. */
const MOST_DETACHED = 32;

/** An id that another program gave to a device may hold characters that a person cannot type. */
const TYPABLE = /^[ -[\]-~]+$/;

/** The kinds of change, cheap ones first. */
export const CHEAPNESS: readonly PlanChange['fix'][] = [
  'repin',
  'unpin',
  'allow-slower',
  'grow',
  'more-ports',
  'add-companions',
  'add-controller',
  'detach',
];

/** The planner; it returns undefined when no tries are left. */
export type TryPlan = (request: PlanRequest) => Plan | undefined;

/**
 * The single changes that can be made, cheap ones first. None is known to help: most are only worth trying. In a running VM these are only
 * the changes that can be made while it runs.
 *
 * @param key - the key of the device that needs a port
 * @param tryPlan - plans a changed request, to find a free port
 * @param kinds - the kinds of change that are wanted
 */
export function* possibleChanges(
  request: PlanRequest,
  key: string,
  tryPlan: TryPlan,
  kinds: readonly PlanChange['fix'][] = CHEAPNESS,
): Generator<PlanChange> {
  const device = request.devices.find((one) => one.key === key);
  if (device === undefined) return;
  for (const kind of CHEAPNESS) if (kinds.includes(kind)) yield* changesOfKind(kind, request, device, tryPlan);
}

function changesOfKind(
  kind: PlanChange['fix'],
  request: PlanRequest,
  device: DeviceRequest,
  tryPlan: TryPlan,
): Iterable<PlanChange> {
  switch (kind) {
    case 'repin':
      return repins(request, device, tryPlan);
    case 'unpin':
      return mayUnpin(request, device) ? [{ fix: 'unpin' }] : [];
    case 'allow-slower':
      return slower(device);
    case 'grow':
      return growths(request);
    case 'more-ports':
      return isRunning(request) ? [] : wider(request.topology);
    case 'add-companions':
      return isRunning(request) ? [] : groups(request);
    case 'add-controller':
      return controllers(request, device);
    case 'detach':
      return isRunning(request) ? detachments(request.topology, device) : [];
  }
}

/** A hub of a VM file always has its place written there, so it can be moved but not unpinned. */
function mayUnpin(request: PlanRequest, { pin, hubPorts }: DeviceRequest): boolean {
  return (pin?.controller ?? pin?.port) !== undefined && (hubPorts === undefined || isRunning(request));
}

/**
 * If no controller has the pinned name, the controller that was probably meant. If the device is pinned to a port, another port: the one
 * that it would get with only its controller pinned, or, for a hub of a VM file, with no pin at all. Ports behind a hub, or on a
 * controller, that the planner would add are left out.
 */
function* repins(request: PlanRequest, device: DeviceRequest, tryPlan: TryPlan): Generator<PlanChange> {
  const { pin, key } = device;
  if (pin?.controller !== undefined && !isThere(request.topology, pin.controller)) {
    const meant = nearest(
      pin.controller,
      request.topology.controllers.map(({ id, bus }) => id ?? bus),
    );
    if (meant !== undefined) yield { fix: 'repin', controller: meant, port: pin.port };
  }
  if (pin?.port === undefined) return;
  const loose = [{ controller: pin.controller }, ...(mayUnpin(request, device) ? [] : [{ controller: undefined }])];
  for (const { controller } of loose) {
    const made = tryPlan(moved(request, key, controller));
    const placed = made?.placements.find((one) => one.key === key);
    if (made === undefined || placed === undefined) continue;
    const { bus, port } = placed;
    const own = request.topology.controllers.find((one) => one.bus === bus);
    if (port === pin.port && [undefined, bus, own?.id].includes(pin.controller)) continue;
    if (made.hubs.some((hub) => hub.bus === bus && port.startsWith(`${hub.port}.`))) continue;
    if (made.controllers.some(({ id }) => `${id}.0` === bus)) continue;
    const named = controller ?? (pin.controller === undefined ? undefined : (own?.id ?? bus));
    yield { fix: 'repin', controller: named, port };
  }
}

function isThere({ controllers }: Topology, name: string): boolean {
  return controllers.some(({ id, bus }) => id === name || bus === name);
}

function moved(request: PlanRequest, key: string, controller: string | undefined): PlanRequest {
  const pin = controller === undefined ? undefined : { controller };
  return { ...request, devices: request.devices.map((one) => (one.key === key ? { ...one, pin } : one)) };
}

/** The speed that the device would have is known only after planning; the native speed stands for it here. */
function slower({ slower: now, native }: DeviceRequest): PlanChange[] {
  return now === 'allow' ? [] : [{ fix: 'allow-slower', speed: native }];
}

function* growths(request: PlanRequest): Generator<PlanChange> {
  const { hubs } = request.growth;
  const already = request.growth.controllers.length > 0;
  const could = !already && growable(request).length > 0;
  if (!hubs) yield { fix: 'grow', what: already ? 'both' : 'hubs' };
  if (could) yield { fix: 'grow', what: hubs ? 'both' : 'controllers' };
  if (could && !hubs) yield { fix: 'grow', what: 'both' };
}

function* wider({ controllers }: Topology): Generator<PlanChange> {
  for (const { id, model, known, ports } of controllers) {
    const facts = controllerModel(model);
    const rule = facts?.ports.rule;
    if (!known || id === undefined || facts?.creatable !== true || (rule !== 'xhci' && rule !== 'ohci')) continue;
    const most = rule === 'xhci' ? 0b1111 : 0b0011;
    if (ports.length === MOST_PORTS && ports.every(({ mask }) => mask === most)) continue;
    yield { fix: 'more-ports', controller: id, rule, ports: MOST_PORTS };
  }
}

function* groups({ topology, leeway }: PlanRequest): Generator<PlanChange> {
  for (const { id, model, known, ports } of topology.controllers) {
    if (!known || id === undefined || !/^(usb|ich9-usb)-ehci/.test(model)) continue;
    if (leeway?.companions?.includes(id) === false || ports.every(({ mask }) => (mask & FULL) !== 0)) continue;
    yield { fix: 'add-companions', controller: id };
  }
}

/** One change for each model that would do, with the first slot that it fits. */
function* controllers(request: PlanRequest, device: DeviceRequest): Generator<PlanChange> {
  if (request.leeway?.addable === false) return;
  const ids = new Set([...request.topology.ids, ...request.growth.controllers.map(({ id }) => id)]);
  const slots = isRunning(request) ? slotsLeft(request).map(({ bus }) => bus) : [undefined];
  for (const model of modelsFor(request.topology, device)) {
    const bus = slots.find((slot) => slot === undefined || fitsLive(model, slot));
    if (slots.length === 0 || (isRunning(request) && bus === undefined)) continue;
    const id = uniqueId(/xhci|ehci|uhci|ohci/.exec(model)?.[0] ?? 'usb', ids);
    yield { fix: 'add-controller', model, id, bus };
  }
}

/** A root port takes only PCI Express; `pci.0` takes every controller that QEMU can hot-plug. */
function fitsLive(model: ControllerModel, bus: string): boolean {
  const facts = controllerModel(model);
  return facts?.hotpluggable === true && (facts.attachesTo === 'pcie' || /^pci\.\d+$/.test(bus));
}

/**
 * An xHCI controller takes every device, but a guest without one may have no driver for it. So where a VM has only older controllers, one
 * more of their kind comes first, if it has the device's native speed.
 */
function modelsFor({ controllers }: Topology, { native }: DeviceRequest): ControllerModel[] {
  const known = controllers.filter((one) => one.known);
  const has = (kind: RegExp): boolean => known.some(({ model }) => kind.test(model));
  const older: ControllerModel[] = [];
  if (!has(/xhci/)) {
    if (native === 'low' || native === 'full') {
      const companions = known.some(
        ({ model, ports }) => /ehci/.test(model) && ports.some(({ mask }) => (mask & FULL) !== 0),
      );
      if (has(/uhci/) || companions) older.push('piix3-usb-uhci');
      if (has(/ohci/)) older.push('pci-ohci');
    }
    if (native === 'high' && has(/ehci/)) older.push('usb-ehci');
  }
  return [...older, 'qemu-xhci'];
}

/**
 * Single attached devices whose ports would take this one: first hubs with nothing behind them, then devices that QEMU has not attached,
 * then others. Within each group they are ordered by controller and port.
 */
function detachments(topology: Topology, device: DeviceRequest): PlanChange[] {
  const found: { id: string; rank: number }[] = [];
  for (const controller of topology.controllers) {
    if (!controller.known) continue;
    const behind = (port: string): boolean => controller.devices.some((one) => one.port?.startsWith(`${port}.`));
    const ports = portsOf(controller).sort((a, b) => comparePorts(a.port, b.port));
    for (const { port, mask, occupant } of ports) {
      const id = occupant?.id ?? occupant?.qomPath;
      if (occupant === undefined || id === undefined || negotiate(device.mask, mask) === undefined) continue;
      if (behind(port) || !TYPABLE.test(id)) continue;
      found.push({ id, rank: occupant.driver === 'usb-hub' ? 0 : occupant.attached ? 2 : 1 });
    }
  }
  return found
    .sort((a, b) => a.rank - b.rank)
    .slice(0, MOST_DETACHED)
    .map(({ id }) => ({ fix: 'detach', device: id }));
}
