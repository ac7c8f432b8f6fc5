import { isSelector, parseSelector } from '../../host/index.js';
import type { AssignmentRecord } from '../../registry/index.js';
import { DEFAULT_HOLD, type StandingWish } from './standing-wish.js';

/** @returns the wishes in a record of assignments; none for a selector that this release does not understand */
export function assignedWishes({ vm, assignments }: AssignmentRecord): StandingWish[] {
  return assignments.flatMap(({ id, select, controller, port, slower, also, hold, ask, made }): StandingWish[] => {
    const selector = parseSelector(select);
    if (!isSelector(selector)) return [];
    return [
      {
        ...{ vm, name: `assignment ${id}`, selector, controller, port, slower: slower ?? 'refuse' },
        ...{ hold: hold === undefined ? DEFAULT_HOLD : hold * 1000, also: also ?? [] },
        ...{ takes: 'all', asks: ask === true, made },
      },
    ];
  });
}
