import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareWishes, type StandingWish } from '../../../../src/agent/wish/index.js';
import { runs } from '../../runs.js';
import { wishFor } from '../sights.js';

const MADE = ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.001Z'] as const;

/** The most specific first. */
const KINDS = [
  ['serial=A', '0627:0001:A'],
  ['1-2', 'pci-0000:00:14.0/2', 'platform-dummy_hcd.0/1'],
  ['0627:0001'],
  ['class=03'],
  ['tablet', 'qemu tablet'],
  // the address of a device does not last
  ['@1.5'],
];

const TEXTS = KINDS.flatMap((texts, rank) => texts.map((text) => ({ text, rank })));

test.each(TEXTS.flatMap((one) => TEXTS.map((other) => [one, other] as const)))(
  '$0.text against $1.text: the more specific one, or else the older one',
  (one, other) => {
    const [young, old] = [wishFor('a', one.text, { made: MADE[1] }), wishFor('b', other.text, { made: MADE[0] })];
    expect(Math.sign(compareWishes(young, old))).toBe(one.rank < other.rank ? -1 : 1);
    expect(Math.sign(compareWishes(old, young))).toBe(one.rank < other.rank ? 1 : -1);
  },
);

test('of two that are equally specific and equally old, the first VM by name wins', () => {
  expect(compareWishes(wishFor('a', '1-2'), wishFor('b', '1-3'))).toBe(-1);
  expect(compareWishes(wishFor('b', '1-2'), wishFor('a', '1-3'))).toBe(1);
  expect(compareWishes(wishFor('a', '1-2'), wishFor('a', '1-2'))).toBe(0);
});

test('the order is the same, in whatever order they stand before', () => {
  const wish: fc.Arbitrary<StandingWish> = fc
    .record({
      vm: fc.constantFrom('a', 'b', 'c'),
      text: fc.constantFrom(...TEXTS.map(({ text }) => text)),
      made: fc.constantFrom(...MADE),
    })
    .map(({ vm, text, made }) => wishFor(vm, text, { made }));
  fc.assert(
    fc.property(fc.array(wish, { maxLength: 8 }), fc.infiniteStream(fc.nat()), (wishes, order) => {
      const ranked = (list: readonly StandingWish[]) =>
        list
          .toSorted(compareWishes)
          .map(({ vm, made, selector }) => [KINDS.findIndex((kind) => kind.includes(selector.text)), made, vm]);
      const mixed = wishes.map((one) => ({ one, at: order.next().value ?? 0 })).toSorted((a, b) => a.at - b.at);
      expect(ranked(mixed.map(({ one }) => one))).toEqual(ranked(wishes));
    }),
    { numRuns: runs(100) },
  );
});
