import type { StandingWish } from './standing-wish.js';

/** The kinds of selectors, the most specific first. */
const SPECIFIC_FIRST = ['serial', 'connector', 'id', 'class', 'words'] as const;

function rankOf({ selector }: StandingWish): number {
  const kind =
    selector.by === 'id' && selector.serial !== undefined
      ? 'serial'
      : selector.by === 'port' || selector.by === 'location' || selector.by === 'address'
        ? 'connector'
        : selector.by;
  return SPECIFIC_FIRST.indexOf(kind);
}

/**
 * Compares two wishes for one device.
 *
 * @returns below 0 if the first wins: its selector is more specific (serial > connector > vid:pid > class > words), or it is older
 */
export function compareWishes(a: StandingWish, b: StandingWish): number {
  if (rankOf(a) !== rankOf(b)) return rankOf(a) - rankOf(b);
  if (a.made !== b.made) return a.made < b.made ? -1 : 1;
  return a.vm < b.vm ? -1 : a.vm > b.vm ? 1 : 0;
}
