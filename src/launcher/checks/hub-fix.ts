import type { HubWish, VmFile } from '../../config/index.js';
import { HUB_MASK } from '../../qdev/index.js';
import { chooseControllers, predictBuses } from '../command-line/index.js';

/** Part of `EvidenceByCode['pin-hub-speed']`. */
type HubFix =
  | { readonly fix: 'repin'; readonly controller: string; readonly port: string }
  | { readonly fix: 'add-companions'; readonly controller: string };

/**
 * Finds a fix for a hub on a port that accepts no hub: another port of its controller, a port of another controller, or companions for its
 * controller. Takes the first of these with which the file has fewer mistakes.
 *
 * @param mistakes - counts the wrong pins of a file
 */
export function hubFix(vm: VmFile, hub: HubWish, mistakes: (vm: VmFile) => number): HubFix | undefined {
  const before = mistakes(vm);
  return candidates(vm, hub).find((fix) => mistakes(applied(vm, hub, fix)) < before);
}

function candidates(vm: VmFile, hub: HubWish): HubFix[] {
  const buses = predictBuses(vm);
  const own = buses.find(({ id, bus }) => id === hub.controller || bus === hub.controller);
  const taking = (list: typeof buses): HubFix[] =>
    list.flatMap(({ id, bus, ports }) =>
      ports
        .filter(({ mask }) => (mask & HUB_MASK) !== 0)
        .map(({ port }) => ({ fix: 'repin', controller: id ?? bus, port: String(port) }) as const),
    );
  const id = own?.id;
  return [
    ...taking(buses.filter((one) => one === own)),
    ...taking(buses.filter((one) => one !== own)),
    ...(id !== undefined && /ehci/.test(own?.model ?? '') ? [{ fix: 'add-companions', controller: id } as const] : []),
  ];
}

function applied(vm: VmFile, hub: HubWish, fix: HubFix): VmFile {
  const { usb } = vm;
  if (fix.fix === 'repin') {
    const moved = { ...hub, controller: fix.controller, port: fix.port };
    return { ...vm, usb: { ...usb, hubs: usb.hubs.map((one) => (one === hub ? moved : one)) } };
  }
  const wish = usb.controllers?.find(({ id }) => id === fix.controller);
  // An entry's model applies to all its controllers.
  const controllers = usb.controllers?.map((one) => (one.pointer === wish?.pointer ? { ...one, model: 'ich9' } : one));
  const changed = { ...vm, usb: { ...usb, controllers } };
  const placed = new Set(chooseControllers(changed).map(({ id }) => id));
  return controllers?.every(({ id }) => placed.has(id)) === true ? changed : vm;
}
