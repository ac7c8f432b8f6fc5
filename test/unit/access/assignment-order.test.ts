import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compareAssignments,
  isSameSelector,
  specificityOf,
  type VmAssignment,
} from '../../../src/access/assignment-order.js';
import '../seed.js';

const EARLY = '2026-01-01T00:00:00.000Z';
const LATE = '2026-01-02T00:00:00.000Z';
const of = (vm: string, select: string, made = EARLY, id = 1): VmAssignment => ({
  vm,
  assignment: { id, select, made },
});

/** The least exact first; those of one line are equally exact. */
const BY_EXACTNESS = [
  ['@1.5', 'foo:'],
  ['cruzer', 'cruzer blade', '"0781:5567 Clone"'],
  ['class=08'],
  ['0781:5567', '0x781:0x5567'],
  ['1-2.3', 'pci-0000:00:14.0/2.3', 'platform-dummy_hcd.0/1'],
  ['serial=4C530001', '0781:5567:4C530001'],
];

describe('which of two assignments has a device', () => {
  test('the more exact one, whenever it was made', () => {
    for (const [rank, selects] of BY_EXACTNESS.entries()) {
      for (const select of selects) {
        expect([select, specificityOf(select)]).toEqual([select, rank]);
        for (const less of BY_EXACTNESS.slice(0, rank).flat()) {
          expect(compareAssignments(of('a', select, LATE), of('b', less, EARLY))).toBeLessThan(0);
        }
      }
    }
  });

  test('the older one, if both are equally exact; of one moment that of the first name, then of the lower number', () => {
    expect(compareAssignments(of('b', '1-2', EARLY), of('a', '1-3', LATE))).toBeLessThan(0);
    expect(compareAssignments(of('b', '1-2'), of('a', '1-3'))).toBeGreaterThan(0);
    expect(compareAssignments(of('a', '1-2', EARLY, 2), of('a', '1-3', EARLY, 10))).toBeLessThan(0);
    expect(compareAssignments(of('a', '1-2'), of('a', '1-2'))).toBe(0);
  });

  test('does not hang on the order in which they are compared', () => {
    const one = fc
      .tuple(
        fc.constantFrom('a', 'b', 'c'),
        fc.constantFrom(...BY_EXACTNESS.flat()),
        fc.constantFrom(EARLY, LATE),
        fc.nat(3),
      )
      .map(([vm, select, made, id]) => of(vm, select, made, id));
    fc.assert(
      fc.property(fc.array(one, { maxLength: 8 }), (all) => {
        const sorted = all.toSorted(compareAssignments);
        expect(all.toReversed().sort(compareAssignments).map(rankOf)).toEqual(sorted.map(rankOf));
      }),
    );
  });
});

const rankOf = ({ vm, assignment: { id, made, select } }: VmAssignment): unknown[] => [
  ...[vm, id, made],
  specificityOf(select),
];

test.each([
  ['0781:5567', '0x781:0x5567', true],
  ['Cruzer Blade', 'cruzer  blade', true],
  [' 1-2 ', '1-2', true],
  ['0781:5567', '0781:5567:S', false],
  ['1-2', 'pci-0000:00:14.0/2', false],
  ['foo:', 'foo:', false],
])('%j and %j mean the same: %j', (a, b, same) => {
  expect(isSameSelector(a, b)).toBe(same);
});
