import { specificityOf } from '../../access/index.js';
import type { StandingWish } from './standing-wish.js';

/**
 * Compares two wishes for one device, in the same order as `compareAssignments`.
 *
 * @returns below 0 if the first wins: its selector is more specific (serial > connector > vid:pid > class > words), or it is older
 */
export function compareWishes(a: StandingWish, b: StandingWish): number {
  return (
    specificityOf(b.selector.text) - specificityOf(a.selector.text) ||
    compareTexts(a.made, b.made) ||
    compareTexts(a.vm, b.vm) ||
    compareTexts(a.name, b.name)
  );
}

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
