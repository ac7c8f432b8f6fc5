import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isWholeRun, runs } from '../../runs.js';
import { wishFor } from '../sights.js';
import { RECORDED, World } from './world.js';

/** The first event of each pair takes away what is there at the start; the second one brings it. */
const EVENTS = ['pull', 'plug', 'end VM', 'start VM', 'end wish', 'make wish', 'end agent', 'start agent'] as const;
type Event = (typeof EVENTS)[number];

/** @returns all orders in which the agent ends before it starts */
function ordersOf(events: readonly Event[]): Event[][] {
  if (events.length === 0) return [[]];
  return events.flatMap((first) =>
    first === 'start agent' && events.includes('end agent')
      ? []
      : ordersOf(events.filter((one) => one !== first)).map((rest) => [first, ...rest]),
  );
}

/** All of them, or one of five where another release of Node is tried. */
const ORDERS = ordersOf(EVENTS).filter((_, i) => isWholeRun || i % 5 === 0);

/** As `toEqual`, which takes too long for so many orders. */
function same(has: readonly string[], expected: readonly string[], order: readonly Event[]): void {
  if (has.join() !== expected.join()) expect(has, order.join()).toEqual(expected);
}

/** One device, one VM and one wish, with the little that is to know about them. */
class Trio {
  readonly world = new World();
  #isThere = false;
  #isUp = false;
  #isWished = false;
  #isRunning = true;

  constructor(isThereFirst: boolean) {
    if (!isThereFirst) return;
    for (const event of ['plug', 'make wish', 'start VM'] as const) this.happen(event);
    this.world.settle();
  }

  happen(event: Event): void {
    switch (event) {
      case 'pull':
      case 'plug':
        this.#isThere = event === 'plug';
        if (this.#isThere) this.world.plug('1-2');
        else this.world.pull('1-2');
        break;
      case 'end VM':
      case 'start VM':
        this.#isUp = event === 'start VM';
        if (this.#isUp) this.world.start('a');
        else this.world.end('a');
        break;
      case 'end wish':
      case 'make wish':
        this.#isWished = event === 'make wish';
        break;
      case 'end agent':
      case 'start agent':
        this.#isRunning = event === 'start agent';
        if (this.#isRunning) this.world.startAgent();
        else this.world.endAgent();
    }
    this.world.wish('a', this.#isWished ? [wishFor('a', '1-2')] : []);
  }

  get canAttach(): boolean {
    return this.#isThere && this.#isUp && this.#isRunning;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  get isWished(): boolean {
    return this.#isWished;
  }
}

describe.each([false, true])(
  'a device, a VM, a wish and the agent come and go in every order; all there before: %s',
  (isThereFirst) => {
    test('and each order ends the same, when the agent works after each event', () => {
      for (const order of ORDERS) {
        const trio = new Trio(isThereFirst);
        // a VM that once had the device gets it again until it ends, whether or not the wish still stands
        let had = isThereFirst;
        for (const event of order) {
          trio.happen(event);
          trio.world.settle();
          if (!trio.isUp) had = false;
          if (trio.canAttach && trio.isWished) had = true;
          if (trio.canAttach) same(trio.world.has, had ? ['a 1-2'] : [], order);
        }
        trio.world.checkRest();
      }
    });

    test('and each order ends the same, when the agent works only at the end', () => {
      for (const order of ORDERS) {
        const trio = new Trio(isThereFirst);
        for (const event of order) trio.happen(event);
        trio.world.settle();
        trio.world.checkRest();
        // the VM is a new one, and knows of no former device
        if (trio.canAttach) same(trio.world.has, trio.isWished ? ['a 1-2'] : [], order);
      }
    });
  },
);

const PORTS = ['1-2', '1-4', '1-5.2', '1-5.3', '2-1'] as const;
const VMS = ['a', 'b', 'c'] as const;
const SELECTORS = ['1-2', '0627:0001', 'serial=TWIN', 'class=03', '1-5.2', '46f4:0001', '@1.20', 'qemu'] as const;

const port = fc.constantFrom(...PORTS);
const vm = fc.constantFrom(...VMS);

/** Everything that may happen to a host and its VMs. */
const happening = fc.oneof(
  fc.record({
    what: fc.constant('plug' as const),
    port,
    mode: fc.constantFrom('own', 'own', 'boot loader', 'not configured'),
  }),
  fc.record({ what: fc.constantFrom('pull' as const, 'configure' as const), port }),
  fc.record({ what: fc.constantFrom('start' as const, 'end' as const, 'hold' as const, 'resume' as const), vm }),
  fc.record({
    what: fc.constant('wish' as const),
    vm,
    selects: fc.uniqueArray(fc.constantFrom(...SELECTORS), { maxLength: 3 }),
  }),
  fc.record({ what: fc.constantFrom('attach' as const, 'detach' as const), vm, port }),
  fc.record({ what: fc.constantFrom('sleep' as const, 'wake' as const, 'end agent' as const, 'start agent' as const) }),
  fc.record({ what: fc.constant('fail' as const), times: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ what: fc.constant('pass' as const), ms: fc.constantFrom(1, 1000, 29_000, 70_000) }),
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

function happen(world: World, one: Happening): void {
  switch (one.what) {
    case 'plug': {
      const recorded = RECORDED.devices.find((device) => device.port === one.port);
      const loader = { productId: (recorded?.productId ?? 0) + 0x1000, serial: `BOOT ${one.port}` };
      world.plug(one.port, one.mode === 'own' ? {} : one.mode === 'boot loader' ? loader : { interfaces: [] });
      break;
    }
    case 'pull':
      world.pull(one.port);
      break;
    case 'configure':
      world.configure(one.port);
      break;
    case 'start':
      world.start(one.vm);
      break;
    case 'end':
      world.end(one.vm);
      break;
    case 'hold':
    case 'resume':
      world.hold(one.vm, one.what === 'hold');
      break;
    case 'wish':
      world.wish(
        one.vm,
        one.selects.map((select) => wishFor(one.vm, select)),
      );
      break;
    case 'attach':
      world.attachByHand(one.vm, one.port);
      break;
    case 'detach':
      world.detachByHand(one.vm, one.port);
      break;
    case 'sleep':
    case 'wake':
      world.sleep(one.what === 'sleep');
      break;
    case 'end agent':
      world.endAgent();
      break;
    case 'start agent':
      world.startAgent();
      break;
    case 'fail':
      world.fail(one.times);
      break;
    case 'pass':
      world.pass(one.ms);
  }
}

/** `late`: it happens between the agent's look and its work. `burst`: the agent has no time before the next one. */
const step = fc.record({ one: happening, pace: fc.constantFrom('settle', 'settle', 'late', 'burst') });

test('whatever happens, and whenever, no device has two VMs, and the agent comes to rest with all that it can give', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
      const world = new World();
      for (const name of VMS) world.start(name);
      for (const name of PORTS) world.plug(name);
      for (const { one, pace } of steps) {
        const work = pace === 'late' ? world.look() : [];
        happen(world, one);
        world.perform(work);
        if (pace === 'settle') world.settle();
      }
      world.startAgent();
      world.settle();
      world.checkRest();
    }),
    { numRuns: runs(400) },
  );
});
