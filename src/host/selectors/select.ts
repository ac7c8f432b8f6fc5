import { type EvidenceByCode, fail, nearest } from '../../diag/index.js';
import { formatId } from '../names/index.js';
import type { HostDevice, HostInventory } from '../usb-device.js';
import { formatLocation, shortestSelector } from './identity.js';
import { countWords, matchHubs, matchSelector } from './match.js';
import { requireSelector, type Selector } from './selector.js';

type SelectorCandidate = EvidenceByCode['selector-ambiguous']['candidates'][number];

/** Maximum number of devices in a message. */
const LISTED = 8;

/**
 * Finds the one device that a selector matches.
 *
 * @param selector - parsed, or as typed
 * @throws QplugError `selector-invalid` (usage) · `device-not-found` (not-found, with similar or present devices) ·
 * `selector-ambiguous` (ambiguous, with a distinguishing selector for each candidate) · `device-is-hub` (refused)
 */
export function selectOne(selector: Selector | string, inventory: HostInventory): HostDevice {
  const wanted = typeof selector === 'string' ? requireSelector(selector) : selector;
  const matches = matchSelector(wanted, inventory);
  const [first, second] = matches;
  if (first === undefined) throw nothing(wanted, inventory);
  if (second === undefined) return first;
  throw fail('selector-ambiguous', {
    selector: wanted.text,
    candidates: matches.map((device) => choiceOf(device, inventory)),
  });
}

/** One device in a list of choices; `selector` matches only that device. */
export function choiceOf(device: HostDevice, inventory: HostInventory): SelectorCandidate {
  const { vendorId, productId, port, serial, name } = device;
  return { selector: shortestSelector(device, inventory), id: formatId(vendorId, productId), port, serial, name };
}

function nothing(selector: Selector, inventory: HostInventory): Error {
  const [hub] = matchHubs(selector, inventory);
  if (hub !== undefined) {
    const { port, name } = hub;
    return fail('device-is-hub', { selector: selector.text, port, name, file: inventory.file });
  }
  const present = inventory.devices.slice(0, LISTED);
  return fail('device-not-found', {
    selector: selector.text,
    near: nearMisses(selector, inventory).map((device) => choiceOf(device, inventory)),
    present: present.map((device) => choiceOf(device, inventory)),
    others: inventory.devices.length - present.length,
  });
}

/**
 * Devices that the user may have meant after a typo; only for the likeliest kind of typo. None for a port: its neighbour is another
 * connector, not a typo.
 */
function nearMisses(selector: Selector, inventory: HostInventory): readonly HostDevice[] {
  const { devices } = inventory;
  const steps: (() => readonly HostDevice[])[] = [];
  if (selector.by === 'id') {
    const { vendorId, productId } = selector;
    steps.push(
      () => devices.filter((one) => one.vendorId === vendorId && one.productId === productId),
      () => devices.filter((one) => one.vendorId === vendorId),
      () => spelledLike(formatId(vendorId, productId), devices, (one) => [formatId(one.vendorId, one.productId)]),
    );
  }
  if (selector.by === 'serial') {
    steps.push(() => spelledLike(selector.serial, devices, (one) => (one.serial === undefined ? [] : [one.serial])));
  }
  if (selector.by === 'words') {
    steps.push(
      () => mostWords(selector.words, devices),
      () => spelledLike(selector.text, devices, spellings),
    );
  }
  for (const step of steps) {
    const found = step();
    if (found.length > 0) return found.slice(0, 3);
  }
  return [];
}

function mostWords(words: readonly string[], devices: readonly HostDevice[]): readonly HostDevice[] {
  const counts = devices.map((device) => ({ device, count: countWords(words, device) }));
  const most = Math.max(0, ...counts.map((one) => one.count));
  return most === 0 ? [] : counts.filter((one) => one.count === most).map((one) => one.device);
}

function spelledLike(
  text: string,
  devices: readonly HostDevice[],
  spell: (device: HostDevice) => readonly string[],
): readonly HostDevice[] {
  const like = nearest(text, devices.flatMap(spell));
  return like === undefined ? [] : devices.filter((device) => spell(device).includes(like));
}

/** The words of a device that a user may have typed: any word of the name, the serial, the place. */
function spellings(device: HostDevice): readonly string[] {
  const serial = device.serial === undefined ? [] : [device.serial];
  const words = device.name.split(/\s+/).filter((word) => word.length > 2);
  return [device.port, formatLocation(device), ...serial, ...words, device.name].filter((one) => one !== undefined);
}
