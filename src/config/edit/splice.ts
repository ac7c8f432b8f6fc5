/** One change of a text: the removed and the inserted text at an offset (UTF-16 units). Plain data. */
export interface Splice {
  readonly at: number;
  readonly removed: string;
  readonly inserted: string;
}

/** @returns the splice that replaces `text` from `start` to `end` */
export function replace(text: string, start: number, end: number, inserted = ''): Splice {
  return { at: start, removed: text.slice(start, end), inserted };
}

/**
 * Applies splices in order; the offsets of each refer to the result of the one before.
 *
 * @throws Error if a splice does not fit this text
 */
export function applySplices(text: string, splices: readonly Splice[]): string {
  return splices.reduce((now, { at, removed, inserted }) => {
    const end = at + removed.length;
    if (now.slice(at, end) !== removed) throw new Error('a splice of another text');
    return now.slice(0, at) + inserted + now.slice(end);
  }, text);
}

/** @returns the splices that undo these */
export function inverse(splices: readonly Splice[]): Splice[] {
  return splices.map(({ at, removed, inserted }) => ({ at, removed: inserted, inserted: removed })).reverse();
}
