import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type DeviceRequest,
  type Explanation,
  explain,
  OBJECTIVES,
  type PlanRequest,
  plan,
  type WhatIf,
  withFix,
} from '../../../../src/planner/index.js';
import { comparePorts, parsePort, withController, withDevice, withHub } from '../../../../src/qdev/index.js';
import { isWholeRun } from '../../runs.js';
import { device, ehci, full, hub, NOTHING, request, running, uhci, vm, xhci } from '../layouts.js';
import { random } from '../random.js';
import { anyRequest } from '../random-requests.js';

function explained(asked: PlanRequest, key = 'a'): Explanation {
  const found = explain(asked, plan(asked), key);
  if (found === undefined) throw new Error(`${key} is not explained`);
  return found;
}

const short = ({ bus, first, last, verdict }: Explanation['ports'][number]): string =>
  `${bus} ${first}${first === last ? '' : `-${last}`} ${verdict.verdict}`;

const brief = ({ change, place, lost }: WhatIf): string =>
  [change.fix, place === undefined ? 'refused' : `${place.bus} ${place.port} ${place.speed}`, ...lost].join(' ');

describe('the verdicts', () => {
  it('runs of ports with the same verdict are one, and hubs divide them', () => {
    const topology = full(vm(ehci(), xhci('x', 4, 6)), 'x.0', 1);
    const asked = request(topology, [device('a', 'super'), hub('h', { pin: { controller: 'x', port: '3' } })]);
    expect(explained(asked).ports.map(short)).toEqual([
      'ehci.0 1-6 slower',
      'x.0 1 taken',
      'x.0 2 possible',
      'x.0 3 taken',
      'x.0 3.1-3.8 slower',
      'x.0 4 possible',
      'x.0 5 chosen',
      'x.0 6 possible',
    ]);
  });

  it('unfolded they are the candidates again', () => {
    fc.assert(
      fc.property(anyRequest, (asked) => {
        const made = plan(asked);
        for (const { key, candidates } of [...made.placements, ...made.refusals]) {
          const ports = explain(asked, made, key)?.ports ?? [];
          expect(ports.reduce((sum, { first, last }) => sum + span(first, last), 0)).toBe(candidates.length);
          for (const { bus, port, verdict } of candidates) {
            const run = ports.find((one) => one.bus === bus && within(port, one.first, one.last));
            expect(run?.verdict).toEqual(verdict);
          }
          // Nothing that could be folded is left apart.
          ports.forEach((run, i) => {
            const next = ports[i + 1];
            if (next?.bus !== run.bus || JSON.stringify(next.verdict) !== JSON.stringify(run.verdict)) return;
            expect(span(run.last, next.first)).not.toBe(2);
          });
        }
      }),
      random(40),
    );
  });
});

function within(port: string, first: string, last: string): boolean {
  const sameHub = port.replace(/\d+$/, '') === first.replace(/\d+$/, '');
  return sameHub && comparePorts(first, port) <= 0 && comparePorts(port, last) <= 0;
}

/** How many ports from one to another of the same hub; NaN where they are not. */
function span(first: string, last: string): number {
  if (first.replace(/\d+$/, '') !== last.replace(/\d+$/, '')) return Number.NaN;
  return (parsePort(last)?.at(-1) ?? 0) - (parsePort(first)?.at(-1) ?? 0) + 1;
}

interface Reason {
  readonly what: string;
  readonly asked: PlanRequest;
  readonly why: Explanation['why'];
}

/** A SuperSpeed device that an EHCI controller could have had as a high-speed one. */
const RATHER_THAN_SLOWER: Explanation['why'] = {
  why: 'objective',
  objective: 'slower',
  chosen: 0,
  other: 1,
  over: { bus: 'ehci.0', port: '1', speed: 'high' },
};

const reasons: readonly Reason[] = [
  {
    what: 'a port that the user fixed',
    asked: request(vm(xhci('x', 4)), [device('a', 'high', { pin: { controller: 'x', port: '3' } })]),
    why: { why: 'pin' },
  },
  {
    what: 'the last one',
    asked: request(vm(xhci('x', 1)), [device('a', 'high')]),
    why: { why: 'only' },
  },
  {
    what: 'its own speed, slower allowed',
    asked: request(vm(ehci(), xhci('x', 1)), [device('a', 'super', { slower: 'allow' })]),
    why: RATHER_THAN_SLOWER,
  },
  {
    what: 'the best of the others is what it is held against, wherever it stands',
    asked: request(vm(uhci(), ehci(), xhci('x', 1)), [device('a', 'super', { slower: 'allow' })]),
    why: RATHER_THAN_SLOWER,
  },
  {
    what: 'a hub nearer to the root than another',
    asked: request(
      withHub(
        withHub(withDevice(vm(uhci()), 'uhci.0', { id: 'm', driver: 'usb-mouse', port: '2' }), 'uhci.0', {
          id: 'h',
          port: '1',
        }),
        'uhci.0',
        {
          id: 'deep',
          port: '1.8',
        },
      ),
      [device('a', 'full')],
    ),
    why: {
      why: 'objective',
      objective: 'depth',
      chosen: 2,
      other: 3,
      over: { bus: 'uhci.0', port: '1.8.1', speed: 'full' },
    },
  },
  {
    what: 'a keyboard behind a hub, so that fast ports stay free',
    asked: request(vm(xhci('x', 4)), [device('a', 'low')]),
    why: {
      why: 'objective',
      objective: 'crowding',
      chosen: 0,
      other: 2,
      over: { bus: 'x.0', port: '2', speed: 'low' },
    },
  },
  {
    what: 'the port that has fewer speeds',
    asked: request(vm(xhci('x', 9, 8)), [device('a', 'high')]),
    why: {
      why: 'objective',
      objective: 'super-free',
      chosen: -8,
      other: -7,
      over: { bus: 'x.0', port: '1', speed: 'high' },
    },
  },
  {
    what: 'the earlier controller',
    asked: request(vm(xhci('x', 9), xhci('y', 9)), [device('a', 'high')]),
    why: { why: 'objective', objective: 'order', chosen: 0, other: 1, over: { bus: 'y.0', port: '1', speed: 'high' } },
  },
  {
    what: 'the lower number',
    asked: request(vm(xhci('x', 9)), [device('a', 'high')]),
    why: { why: 'alike', over: { bus: 'x.0', port: '2', speed: 'high' } },
  },
  {
    what: 'another device that needs the other port: it is mandatory',
    asked: request(
      vm(xhci('x', 1), { id: 'y', model: 'qemu-xhci', p2: 1, p3: 0 }, uhci()),
      [device('a', 'high', { slower: 'allow', mask: 6 }), device('b', 'super', { mandatory: true })],
      { growth: NOTHING },
    ),
    why: {
      why: 'objective',
      objective: 'slower',
      chosen: 0,
      other: 1,
      over: { bus: 'uhci.0', port: '1', speed: 'full' },
    },
  },
];

describe('why this port', () => {
  it.each(reasons)('$what', ({ asked, why }) => {
    expect(explained(asked).why).toEqual(why);
  });

  it('what decided is never worse than what it was held against, in any request', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(anyRequest, (asked) => {
        const made = plan(asked);
        for (const { key } of made.placements) {
          const why = explain(asked, made, key)?.why;
          seen.add(why?.why === 'objective' ? why.objective : String(why?.why));
          if (why?.why !== 'objective') continue;
          expect([key, why.objective, why.chosen < why.other]).toEqual([key, why.objective, true]);
          expect(OBJECTIVES).toContain(why.objective);
        }
      }),
      random(120),
    );
    if (!isWholeRun) return;
    for (const one of ['pin', 'only', 'alike', 'slower', 'crowding', 'hubs', 'super-free', 'high-free', 'order'])
      expect([one, seen.has(one)]).toEqual([one, true]);
  });
});

describe('what would change it', () => {
  it.each([
    {
      what: 'the pin',
      asked: request(vm(xhci('x', 9)), [device('a', 'high', { pin: { controller: 'x', port: '7' } })]),
      changes: ['unpin x.0 1 high'],
    },
    {
      what: 'a smaller reserve, more ports, a controller of its own',
      asked: request(vm(xhci('x', 4)), [device('a', 'low')], { leeway: { growable: [] } }),
      changes: ['more-ports x.0 1 low', 'add-controller x.0 1 low', 'reserve x.0 1 low'],
    },
    {
      what: 'another device that is in the way',
      asked: request(vm(xhci('x', 1), uhci()), [device('a', 'super', { slower: 'allow' }), device('b', 'super')], {
        leeway: { growable: [], addable: false },
      }),
      changes: ['more-ports x.0 1 super', 'without x.0 1 super'],
    },
    {
      what: 'hubs: then it gives way to one',
      asked: request(vm(xhci('x', 1)), [device('a', 'low'), device('b', 'low')], { growth: NOTHING }),
      changes: ['grow x.0 1.1 low'],
    },
    {
      what: 'no reserve at all',
      asked: request(vm(xhci('x', 1)), [device('a', 'low')], {
        reserve: 1,
        leeway: { growable: [], addable: false },
      }),
      changes: ['more-ports x.0 1 low', 'reserve x.0 1 low'],
    },
    {
      what: 'the pin of one that was refused: that it could be fixed to another port goes without saying',
      asked: request(full(vm(xhci('x', 4)), 'x.0', 1), [device('a', 'high', { pin: { controller: 'x', port: '1' } })]),
      changes: ['unpin x.0 2 high'],
    },
    {
      what: 'not that a hub is left out behind which it is',
      asked: request(vm(xhci('x', 1)), [hub('h', { pin: { controller: 'x', port: '1' } }), device('a', 'full')], {
        growth: NOTHING,
        leeway: { growable: [], addable: false },
      }),
      changes: [],
    },
  ])('$what', ({ asked, changes }) => {
    expect(explained(asked).changes.map(brief)).toEqual(changes);
  });

  it('leave to run slower: the speed is told that it would have, not the one that it can', () => {
    const [first] = explained(request(vm(ehci()), [device('a', 'super')])).changes;
    expect(first?.change).toEqual({ fix: 'allow-slower', speed: 'high' });
  });

  it('a pin that gives it precedence: without it another has the port, and it is not told as one that loses', () => {
    const pin = { controller: 'x', port: '1' };
    const asked = request(vm(xhci('x', 1)), [device('b', 'high'), device('z', 'high', { pin })], {
      leeway: { growable: [], addable: false },
    });
    expect(explained(asked, 'z').changes.map(brief)).toContain('unpin refused');
  });

  it('of many others that are in the way three are told', () => {
    const others = ['b', 'c', 'd', 'e', 'f'].map((key) => device(key, 'super', { mandatory: true }));
    const asked = request(vm(xhci('x', 5), uhci()), [device('a', 'super', { slower: 'allow' }), ...others]);
    expect(explained(asked).changes.filter(({ change }) => change.fix === 'without')).toHaveLength(3);
  });

  it('a VM that runs: detaching counts, and changes that need a new start do not', () => {
    const topology = running(full(vm(xhci('x', 2)), 'x.0', 2));
    expect(explained(request(topology, [device('a', 'high')])).changes.map(brief)).toEqual([
      'detach x.0 1 high',
      'detach x.0 2 high',
    ]);
  });

  it('each makes the difference that it says, in any request; the explanation is data, and the same every time', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(anyRequest, (asked) => {
        const made = plan(asked);
        for (const { key } of asked.devices) {
          const found = explain(asked, made, key);
          expect(structuredClone(found)).toEqual(found);
          expect(explain(asked, plan(asked), key)).toEqual(found);
          for (const { change, place, lost } of found?.changes ?? []) {
            seen.add(change.fix);
            const then = plan(changedBy(asked, key, change));
            const there = then.placements.find((one) => one.key === key);
            expect([there?.bus, there?.port, there?.speed]).toEqual([place?.bus, place?.port, place?.speed]);
            expect([place?.bus, place?.port, place?.speed]).not.toEqual([
              found?.place?.bus,
              found?.place?.port,
              found?.place?.speed,
            ]);
            expect(lost.every((label) => !then.placements.some((one) => one.label === label))).toBe(true);
          }
        }
      }),
      random(50),
    );
    if (!isWholeRun) return;
    for (const one of ['unpin', 'allow-slower', 'grow', 'more-ports', 'detach', 'reserve', 'without'])
      expect([one, seen.has(one)]).toEqual([one, true]);
  });

  it('a device that is not in the request: no explanation', () => {
    const asked = request(vm(xhci('x', 1)), [device('a', 'low')]);
    expect(explain(asked, plan(asked), 'b')).toBeUndefined();
  });
});

function changedBy(asked: PlanRequest, key: string, change: WhatIf['change']): PlanRequest {
  switch (change.fix) {
    case 'reserve':
      return { ...asked, reserve: change.reserve };
    case 'without':
      return { ...asked, devices: asked.devices.filter((one: DeviceRequest) => one.key !== change.key) };
    case 'add-controller': {
      const { model, id, bus: pciBus } = change;
      const ports = model === 'qemu-xhci' ? { p2: 15, p3: 15 } : {};
      return { ...asked, topology: withController(asked.topology, { id, model, pciBus, ...ports }) };
    }
    default:
      return withFix(asked, key, change);
  }
}
