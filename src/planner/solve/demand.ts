import { negotiate, SPEEDS, type SpeedMask } from '../../qdev/index.js';
import type { DeviceRequest } from '../request.js';
import { type PlanPort, portName, type Space } from './space.js';

/** Where the user allows a device to be. */
export type Scope =
  | { readonly at: 'any' }
  | { readonly at: 'controller'; readonly controller: number }
  /** One of these ports, which need not exist. There are several if the user named a port without a controller. */
  | {
      readonly at: 'port';
      readonly names: ReadonlySet<string>;
      readonly path: string;
      readonly controllers: readonly number[];
    }
  /** The named controller does not exist. */
  | { readonly at: 'nowhere' };

/** A device that wants a port, with its pin looked up in a space. */
export interface Demand {
  readonly device: DeviceRequest;
  readonly scope: Scope;
  /** The name of the port where the device was, unless its pin leads elsewhere. It need not exist. */
  readonly home: string | undefined;
}

/** @returns the devices sorted by key (code unit order), so that the order of a request's devices decides nothing */
export function sortDevices(devices: readonly DeviceRequest[]): DeviceRequest[] {
  return [...devices].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

export function demandsOf(space: Space, devices: readonly DeviceRequest[]): Demand[] {
  const all = space.controllers.map((_, i) => i);
  return devices.map((device) => {
    const scope = scopeOf(space, all, device);
    return { device, scope, home: homeOf(space, scope, device) };
  });
}

/** A pin takes precedence over a home. */
function homeOf({ controllers }: Space, scope: Scope, { home }: DeviceRequest): string | undefined {
  if (home === undefined) return undefined;
  const name = portName(home.bus, home.port);
  switch (scope.at) {
    case 'any':
      return name;
    case 'controller':
      return controllers[scope.controller]?.bus === home.bus ? name : undefined;
    case 'port':
      return scope.names.has(name) ? name : undefined;
    case 'nowhere':
      return undefined;
  }
}

function scopeOf({ controllers }: Space, all: readonly number[], { pin }: DeviceRequest): Scope {
  if (pin === undefined || (pin.controller === undefined && pin.port === undefined)) return { at: 'any' };
  const wanted = pin.controller;
  let found = all;
  if (wanted !== undefined) {
    const byBus = controllers.findIndex(({ bus }) => bus === wanted);
    const index = byBus >= 0 ? byBus : controllers.findIndex(({ id }) => id === wanted);
    if (index < 0) return { at: 'nowhere' };
    found = [index];
  }
  const path = pin.port;
  if (path === undefined) return { at: 'controller', controller: found[0] ?? 0 };
  const names = new Set(found.map((i) => portName(controllers[i]?.bus ?? '', path)));
  return { at: 'port', names, path, controllers: found };
}

/** @returns whether the user allows a device on this port */
export function inScope(scope: Scope, port: PlanPort): boolean {
  switch (scope.at) {
    case 'any':
      return true;
    case 'controller':
      return port.controller === scope.controller;
    case 'port':
      return scope.names.has(port.name);
    case 'nowhere':
      return false;
  }
}

/** @returns whether the native speed of a device is 1.5 or 12 Mb/s, so that a place behind a hub costs it no speed */
export function isSlow({ device }: Demand): boolean {
  return device.native === 'low' || device.native === 'full';
}

/** @returns whether a device may crowd: a slow device may, unless the user fixed its port */
export function mayCrowd(demand: Demand): boolean {
  return isSlow(demand) && demand.scope.at !== 'port';
}

export function isHub({ device }: Demand): boolean {
  return device.hubPorts !== undefined;
}

/**
 * @returns how many speed classes below native a device would run on a port with this mask: 0 at native speed, undefined when it would not
 *   attach, or would attach only at a lower speed that is not allowed
 */
export function stepsBelowNative(device: DeviceRequest, mask: SpeedMask): number | undefined {
  const speed = negotiate(device.mask, mask);
  if (speed === undefined) return undefined;
  const steps = Math.max(0, SPEEDS.indexOf(device.native) - SPEEDS.indexOf(speed));
  return steps > 0 && device.slower === 'refuse' ? undefined : steps;
}
