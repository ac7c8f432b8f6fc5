import type { HostAccess } from '../../access/index.js';
import type { Finding } from '../../diag/index.js';
import { identityOf } from '../../host/index.js';
import type { Placement } from '../../planner/index.js';
import type { ControllerSpec } from '../../qdev/index.js';
import type { PlaceRecord, RememberedController, RememberedDevice } from '../../registry/index.js';
import type { Wanted } from './wanted.js';

/** qplug remembers at most this many devices that the VM's file does not list; it forgets the oldest first. */
const MOST_UNNAMED = 64;

/** The devices of a VM after a start, an attach or a move. */
export interface PlacesNow {
  readonly vm: string;
  readonly placements: readonly Placement[];
  readonly wanted: readonly Wanted[];
  /** The controllers of a start; undefined after an attach or a move. */
  readonly controllers?: readonly ControllerSpec[] | undefined;
  /** Selectors of the VM's file; undefined after an attach or a move. qplug forgets a place that no selector matches any more. */
  readonly selectors?: readonly string[] | undefined;
}

/**
 * Saves the places of devices, for the next start and the next attach.
 *
 * @returns warnings if the file can't be written
 */
export function rememberPlaces(now: PlacesNow, { places }: HostAccess): readonly Finding[] {
  if (places === undefined) return [];
  return places.write(placesAfter(places.read(now.vm).record, now));
}

/** @returns the new record after a start, an attach or a move: pure */
export function placesAfter(before: PlaceRecord | undefined, now: PlacesNow): PlaceRecord {
  const devices = now.placements.flatMap(({ key, label, bus, port }): RememberedDevice[] => {
    const one = now.wanted.find(({ id }) => id === key);
    const who = one?.hostDevice === undefined ? { id: key } : identityOf(one.hostDevice);
    const select = one?.select;
    return [{ who, ...(select === undefined ? {} : { select }), label, bus, port }];
  });
  const found = new Set(devices.map(nameOf));
  const selects = new Set(devices.flatMap(({ select }) => select ?? []));
  const away = (before?.devices ?? []).filter((one) => {
    if (found.has(nameOf(one)) || (one.select !== undefined && selects.has(one.select))) return false;
    if (now.selectors === undefined) return true;
    return 'id' in one.who ? false : one.select === undefined || now.selectors.includes(one.select);
  });
  const unnamed = away.filter(({ select, who }) => select === undefined && !('id' in who));
  const forgotten = new Set(unnamed.slice(0, Math.max(0, unnamed.length - MOST_UNNAMED)));
  return {
    format: 1,
    vm: now.vm,
    controllers: now.controllers?.flatMap(addressOf) ?? before?.controllers ?? [],
    devices: [...away.filter((one) => !forgotten.has(one)), ...devices],
  };
}

/** @returns the same text for the same device at the same place */
function nameOf({ who }: RememberedDevice): string {
  if ('id' in who) return JSON.stringify([who.id]);
  const { controller, chain, vendorId, productId, serial } = who;
  return JSON.stringify([controller, chain, vendorId, productId, serial ?? null]);
}

function addressOf({ id, model, pciBus, address }: ControllerSpec): RememberedController[] {
  return pciBus === undefined || address === undefined ? [] : [{ id, model, pciBus, address }];
}
