import type { UsbLine } from './usb-list.js';

/** What QEMU puts between a device's name and its id (hw/usb/bus.c, hmp_info_usb). A name of 31 bytes holds five of these. */
const BEFORE_ID = ', ID: ';
const MOST = 16;

/**
 * Lines of `info usb` by place and id, so that a look-up does not walk over all of them. A line may belong to any device whose id is
 * at its end. Another device can forge that, but the right line is always among those found.
 */
export class LineIndex {
  readonly #all = new Map<string, UsbLine[]>();

  /**
   * @param lines - in the order of the list
   * @param placeOf - the place by which a line is found, besides the id
   */
  constructor(lines: readonly UsbLine[], placeOf: (line: UsbLine) => string) {
    for (const line of lines) {
      const place = placeOf(line);
      this.#put(keyOf(place, undefined), line);
      for (const id of possibleIds(line)) this.#put(keyOf(place, id), line);
    }
  }

  /** @returns the lines of a place that may be of a device with this id (undefined: of any device), in order */
  find(place: string, id: string | undefined): readonly UsbLine[] {
    return this.#all.get(keyOf(place, id)) ?? [];
  }

  #put(key: string, line: UsbLine): void {
    const known = this.#all.get(key);
    if (known === undefined) this.#all.set(key, [line]);
    else known.push(line);
  }
}

/** A line break separates the two: a place is made of numbers, so it holds none. */
function keyOf(place: string, id: string | undefined): string {
  return id === undefined ? place : `${place}\n${id}`;
}

/** @returns what follows each `, ID: ` of a line, from the last on */
function possibleIds({ tail }: UsbLine): string[] {
  const ids: string[] = [];
  for (let at = tail.length; at > 0 && ids.length < MOST; ) {
    at = tail.lastIndexOf(BEFORE_ID, at - 1);
    if (at < 0) break;
    ids.push(tail.slice(at + BEFORE_ID.length));
  }
  return ids;
}
