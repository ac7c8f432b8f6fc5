import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plan, type Room, roomFor } from '../../../../src/planner/index.js';
import { SPEEDS, type Topology } from '../../../../src/qdev/index.js';
import { masksOf, mostNative, topologies } from '../arrivals.js';
import { device, ehci, HUBS, NOTHING, request, uhci, vm, xhci } from '../layouts.js';
import { random } from '../random.js';

/** `speed now most added`, a line a class. */
const table = (rooms: readonly Room[]): string[] =>
  rooms.map(({ speed, now, most, orMore, hubs, controllers }) =>
    [speed, now, `${most}${orMore ? '+' : ''}`, `${hubs.length} hubs`, controllers.map(({ id }) => id).join()].join(
      ' ',
    ),
  );

describe('how many more fit', () => {
  it('an xHCI with more USB 2 ports than SuperSpeed ones', () => {
    const { topology } = request(vm(xhci('x', 4, 2)), []);
    expect(table(roomFor({ topology, growth: NOTHING }))).toEqual([
      'low 4 4 0 hubs ',
      'full 4 4 0 hubs ',
      'high 4 4 0 hubs ',
      'super 2 2 0 hubs ',
    ]);
  });

  it('hubs make room for slow devices alone, controllers for all; the least that does is told', () => {
    const asked = {
      topology: vm(ehci(), uhci()),
      growth: { hubs: false, controllers: [xhci('more', 2), xhci('z', 0)] },
    };
    expect(table(roomFor(asked))).toEqual([
      'low 2 4 0 hubs more',
      'full 2 4 0 hubs more',
      'high 6 8 0 hubs more',
      'super 0 2 0 hubs more',
    ]);
    expect(table(roomFor({ ...asked, growth: HUBS }, 'high'))).toEqual(['high 6 6 0 hubs ']);
  });

  it('what is in use counts', () => {
    const topology = plan(request(vm(xhci('x', 3)), [device('a', 'super'), device('b', 'high')])).after;
    expect(table(roomFor({ topology, growth: NOTHING }, 'super'))).toEqual(['super 1 1 0 hubs ']);
  });

  it('a hub that is counted is needed: eight devices on one port want one hub', () => {
    const topology = plan(request(vm(uhci()), [device('a', 'full')])).after;
    const [room] = roomFor({ topology, growth: HUBS, reserve: 0 }, 'low');
    expect(room).toMatchObject({ now: 1, most: 127, orMore: true });
    // 127 = 8 + 7 × 17: seven more for each hub behind the first
    expect(room?.hubs).toHaveLength(18);
  });

  it("an xHCI's 64 slots are for hubs too: 56 slow devices behind 8 hubs", () => {
    const [room] = roomFor({ topology: vm(xhci('x', 1)), growth: HUBS }, 'low');
    expect([room?.most, room?.orMore, room?.hubs.length]).toEqual([56, false, 8]);
  });

  it('no controller: nothing', () => {
    expect(table(roomFor({ topology: vm(), growth: HUBS }))).toEqual(SPEEDS.map((speed) => `${speed} 0 0 0 hubs `));
  });

  it('is what counting says, one more has no port, and what is told to be added is added for the last', () => {
    const kind = { low: 'slow', full: 'slow', high: 'high', super: 'super' } as const;
    fc.assert(
      fc.property(topologies, fc.constantFrom(...SPEEDS), (limited: Topology, speed) => {
        // ports alone: what xHCI's slots leave is not counted here
        const topology = { ...limited, controllers: limited.controllers.map((one) => ({ ...one, slots: undefined })) };
        const bare = roomFor({ topology, growth: NOTHING }, speed)[0]!;
        const grown = roomFor({ topology, growth: HUBS }, speed)[0]!;
        const fitting = (count: number): number =>
          mostNative(masksOf(topology), { slow: 0, high: 0, super: 0, [kind[speed]]: count });
        const slow = kind[speed] === 'slow';
        const bit = { slow: 2, high: 4, super: 8 }[kind[speed]];
        expect(bare.most).toBe(masksOf(topology).filter((mask) => (mask & bit) !== 0).length);
        expect([bare.now, grown.now]).toEqual([bare.most, bare.most]);
        expect(grown.most).toBe(Math.min(127, fitting(127)));
        expect(grown.orMore).toBe(slow && grown.most === 127);
        expect(grown.hubs.length > 0).toBe(slow && grown.most > bare.most);
      }),
      random(150),
    );
  });
});
