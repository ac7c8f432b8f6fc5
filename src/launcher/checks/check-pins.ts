import type { HubWish, Pointer, VmFile } from '../../config/index.js';
import { type Finding, finding, nearest, type SourceLocation } from '../../diag/index.js';
import {
  type Controller,
  HUB_MASK,
  MAX_HUB_CHAIN,
  parentPort,
  parsePort,
  portDepth,
  speedsIn,
} from '../../qdev/index.js';
import { predictBuses } from '../command-line/index.js';
import { hubFix } from './hub-fix.js';

/** An entry of the file that names a controller, a port or both. */
interface Pin {
  readonly controller: string | undefined;
  readonly port: string | undefined;
  /** Set if the entry is a hub. */
  readonly hub: HubWish | undefined;
  readonly pointer: Pointer;
}

/**
 * Checks every `controller:` and `port:` of a file: they exist, no port is used twice, and no hub is on a port that is too fast for it.
 *
 * @param buses - the controllers that the VM starts with
 */
export function checkPins(vm: VmFile, buses: readonly Controller[]): Finding[] {
  const mistakes = (changed: VmFile): number => findMistakes(changed, predictBuses(changed)).length;
  return findMistakes(vm, buses).map(({ pin, found }) => {
    if (found.code !== 'pin-hub-speed' || pin.hub === undefined) return found;
    return { ...found, evidence: { ...found.evidence, fix: hubFix(vm, pin.hub, mistakes) } };
  });
}

function findMistakes(vm: VmFile, buses: readonly Controller[]): { pin: Pin; found: Finding }[] {
  const hubs = vm.usb.hubs.map((hub): Pin => ({ ...hub, hub }));
  const devices = vm.usb.devices.map(
    ({ controller, port, pointer }): Pin => ({ controller, port, pointer, hub: undefined }),
  );
  const taken = new Map<string, SourceLocation>();
  return [...hubs, ...devices].flatMap((pin) => checkPin(pin, vm, buses, taken).map((found) => ({ pin, found })));
}

function checkPin(pin: Pin, vm: VmFile, buses: readonly Controller[], taken: Map<string, SourceLocation>): Finding[] {
  const { controller, port, pointer } = pin;
  const candidates = controller === undefined ? buses : buses.filter((bus) => isNamed(bus, controller));
  if (controller !== undefined && candidates.length === 0) {
    const known = buses.map(({ id, bus }) => id ?? bus);
    const location = vm.locate([...pointer, 'controller']);
    return [
      finding('pin-controller-unknown', { controller, known, nearest: nearest(controller, known) }, { location }),
    ];
  }
  if (port === undefined) return [];
  const location = vm.locate([...pointer, 'port']);
  const wrong = candidates.map((bus) => wrongPort(pin, port, bus, vm.usb.hubs));
  // Without a named controller, one controller with that port is enough.
  const [first] = wrong;
  if (first !== undefined && wrong.every((found) => found !== undefined)) return [{ ...first, location }];
  const [only, another] = candidates;
  if (only === undefined || another !== undefined) return [];
  const key = `${only.bus} ${port}`;
  const earlier = taken.get(key);
  if (earlier !== undefined)
    return [finding('port-pinned-twice', { bus: only.bus, port, first: earlier }, { location })];
  taken.set(key, location);
  return [];
}

function isNamed({ id, bus }: Controller, name: string): boolean {
  return id === name || bus === name;
}

/** @returns why a controller has no such port, or why a hub can't be there */
function wrongPort(pin: Pin, port: string, bus: Controller, hubs: readonly HubWish[]): Finding | undefined {
  const numbers = parsePort(port) ?? [];
  const parent = parentPort(port);
  const last = numbers.at(-1) ?? 0;
  if (pin.hub !== undefined && portDepth(port) > MAX_HUB_CHAIN)
    return finding('pin-hub-too-deep', { port, limit: MAX_HUB_CHAIN });
  if (parent === undefined) {
    const found = bus.ports.find((one) => one.port === last);
    if (found === undefined) return finding('pin-port-unknown', { bus: bus.bus, port, ports: bus.ports.length });
    if (pin.hub === undefined || (found.mask & HUB_MASK) !== 0) return undefined;
    return finding('pin-hub-speed', { bus: bus.bus, model: bus.model, port, takes: speedsIn(found.mask) });
  }
  const hub = hubs.find((one) => one.port === parent && isNamed(bus, one.controller));
  if (hub === undefined) {
    return finding('pin-no-hub', { controller: bus.id ?? bus.bus, port, parent });
  }
  return last > hub.ports ? finding('pin-port-unknown', { bus: hub.id, port, ports: hub.ports }) : undefined;
}
