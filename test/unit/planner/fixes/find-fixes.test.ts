import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describe as words } from '../../../../src/diag/index.js';
import {
  type DeviceRequest,
  type PlanChange,
  type PlanFix,
  type PlanRequest,
  plan,
  planFindings,
  withFix,
} from '../../../../src/planner/index.js';
import { type ControllerSpec, type Topology, withDevice, withHub } from '../../../../src/qdev/index.js';
import { isWholeRun } from '../../runs.js';
import { device, ehci, full, HUBS, hub, NOTHING, request, running, SIX, uhci, vm, xhci } from '../layouts.js';
import { random } from '../random.js';
import { anyRequest } from '../random-requests.js';

const ohci = (numPorts: number): ControllerSpec => ({ id: 'ohci', model: 'pci-ohci', numPorts });

interface Case {
  readonly what: string;
  readonly topology: Topology;
  readonly device: DeviceRequest;
  readonly reason: string;
  readonly fix: PlanFix;
  readonly text: string | undefined;
  readonly more?: Partial<PlanRequest>;
}

/** A device for a VM whose only port is in use. */
const ONE_TOO_MANY = {
  topology: full(vm(xhci('x', 1)), 'x.0', 1),
  device: device('a', 'high'),
  reason: 'no-port',
};

const cases: readonly Case[] = [
  {
    what: 'a port that is in use, another free: that one is named',
    topology: full(vm(xhci('x', 4)), 'x.0', 1),
    device: device('a', 'high', { pin: { controller: 'x', port: '1' } }),
    reason: 'pin-taken',
    fix: { fix: 'repin', controller: 'x', port: '2' },
    text: 'write `controller: x, port: 2` on its line',
  },
  {
    what: 'a port of no named controller, in a VM that runs',
    topology: running(full(vm(xhci('x', 4)), 'x.0', 1)),
    device: device('a', 'high', { pin: { port: '1' } }),
    reason: 'pin-taken',
    fix: { fix: 'repin', port: '2' },
    text: '--port 2',
  },
  {
    what: 'a port that is not there',
    topology: vm(xhci('x', 4)),
    device: device('a', 'high', { pin: { controller: 'x', port: '9' } }),
    reason: 'pin-unknown',
    fix: { fix: 'repin', controller: 'x', port: '1' },
    text: 'write `controller: x, port: 1` on its line',
  },
  {
    what: 'a controller that is misspelt',
    topology: running(vm(xhci('xhci', 4))),
    device: device('a', 'high', { pin: { controller: 'xcih', port: '3' } }),
    reason: 'pin-unknown',
    fix: { fix: 'repin', controller: 'xhci', port: '3' },
    text: '--controller xhci --port 3',
  },
  {
    what: 'a controller that is misspelt, and has not that port: no better word is told than to leave both out',
    topology: running(vm(xhci('xhci', 4))),
    device: device('a', 'high', { pin: { controller: 'xcih', port: '9' } }),
    reason: 'pin-unknown',
    fix: { fix: 'unpin' },
    text: 'leave out --controller and --port (in the VM file: `controller:` and `port:`)',
  },
  {
    what: 'a bare EHCI controller for a full-speed device, another kind beside it',
    topology: vm(ehci(), xhci('x', 4)),
    device: device('a', 'full', { pin: { controller: 'ehci' } }),
    reason: 'pin-mismatch',
    fix: { fix: 'unpin' },
    text: 'leave out `controller:` on its line',
  },
  {
    what: 'a bare EHCI port for a hub of a VM file, which needs a place: another place is named',
    topology: vm(ehci(), xhci('x', 4)),
    device: hub('a', { pin: { controller: 'ehci', port: '3' } }),
    reason: 'pin-mismatch',
    fix: { fix: 'repin', controller: 'x', port: '1' },
    text: 'write `controller: x, port: 1` on its line',
  },
  {
    what: 'a SuperSpeed disk where only EHCI has room',
    topology: running(vm(ehci())),
    device: device('a', 'super'),
    reason: 'only-slower',
    fix: { fix: 'allow-slower', speed: 'high' },
    text: '--slower allow\n# it then runs at high-speed, 480 Mb/s',
  },
  {
    what: 'the same in a VM file',
    topology: vm(ehci()),
    device: device('a', 'super'),
    reason: 'only-slower',
    fix: { fix: 'allow-slower', speed: 'high' },
    text: 'write `slower: allow` on its line (high-speed, 480 Mb/s)',
  },
  {
    what: 'a place behind a hub that may not be added, no other free',
    topology: vm(xhci('x', 1)),
    device: device('b', 'full'),
    reason: 'no-port',
    fix: { fix: 'grow', what: 'hubs' },
    text: 'write `grow: [hubs]` under usb',
    more: { growth: NOTHING, devices: [device('a', 'full'), device('b', 'full')] },
  },
  {
    what: 'no place for a fast device in a VM file that allows hubs alone',
    topology: vm(),
    device: device('a', 'high'),
    reason: 'no-port',
    fix: { fix: 'grow', what: 'both' },
    text: 'write `grow: [hubs, controllers]` under usb',
  },
  {
    what: 'the same where hubs are not allowed',
    topology: vm(),
    device: device('a', 'high'),
    reason: 'no-port',
    fix: { fix: 'grow', what: 'controllers' },
    text: 'write `grow: [controllers]` under usb',
    more: { growth: NOTHING },
  },
  {
    what: 'a running VM, all ports used, a slot free',
    topology: running(full(vm(xhci('x', 2)), 'x.0', 2), [{ bus: 'pci.0', capacity: 3 }]),
    device: device('a', 'high'),
    reason: 'no-port',
    fix: { fix: 'grow', what: 'both' },
    text: '--grow both',
  },
  {
    what: 'an xHCI controller with too few ports, no growth',
    ...ONE_TOO_MANY,
    fix: { fix: 'more-ports', controller: 'x', rule: 'xhci', ports: 15 },
    text: 'write `p2: 15, p3: 15` for the controller x',
    more: { leeway: { growable: [] } },
  },
  {
    what: 'an OHCI controller without ports',
    topology: vm(ohci(0)),
    device: device('a', 'full'),
    reason: 'no-port',
    fix: { fix: 'more-ports', controller: 'ohci', rule: 'ohci', ports: 15 },
    text: 'write `ports: 15` for the controller ohci',
    more: { leeway: { growable: [] } },
  },
  {
    what: 'a bare EHCI controller alone, for a full-speed device that is pinned there',
    topology: vm(ehci()),
    device: device('a', 'full', { pin: { controller: 'ehci', port: '3' } }),
    reason: 'pin-mismatch',
    fix: { fix: 'add-companions', controller: 'ehci' },
    text: 'write `model: ich9` for the controller ehci',
    more: { leeway: { growable: [] } },
  },
  {
    what: 'UHCI controllers alone, all used, for a keyboard: one more of these, for which the guest has a driver',
    topology: full(vm(uhci()), 'uhci.0', 2),
    device: device('a', 'low'),
    reason: 'no-port',
    fix: { fix: 'add-controller', model: 'piix3-usb-uhci', id: 'uhci_2' },
    text: 'add `- { model: piix3-usb-uhci }` under usb.controllers',
    more: { leeway: { growable: [] } },
  },
  {
    what: 'OHCI alone, in a VM that runs: OHCI can not be hot-plugged, xHCI can',
    topology: running(full(vm(ohci(1)), 'ohci.0', 1), [{ bus: 'pci.0', capacity: 1 }]),
    device: device('a', 'low'),
    reason: 'no-port',
    fix: { fix: 'add-controller', model: 'qemu-xhci', id: 'xhci', bus: 'pci.0' },
    text: `qplug qmp bench device_add '{"driver":"qemu-xhci","id":"xhci","bus":"pci.0","p2":15,"p3":15}'`,
    more: { leeway: { growable: [] } },
  },
  {
    what: 'EHCI alone, in a VM that runs with a conventional PCI slot: EHCI',
    topology: running(full(vm(ehci()), 'ehci.0', 6), [{ bus: 'pci.0', capacity: 1 }]),
    device: device('a', 'high'),
    reason: 'no-port',
    fix: { fix: 'add-controller', model: 'usb-ehci', id: 'ehci_2', bus: 'pci.0' },
    text: `qplug qmp bench device_add '{"driver":"usb-ehci","id":"ehci_2","bus":"pci.0"}'`,
    more: { leeway: { growable: [] } },
  },
  {
    what: 'the same with a PCI Express root port: that takes xHCI alone',
    topology: running(full(vm(ehci()), 'ehci.0', 6), [{ bus: 'root1', capacity: 1 }]),
    device: device('a', 'high'),
    reason: 'no-port',
    fix: { fix: 'add-controller', model: 'qemu-xhci', id: 'xhci', bus: 'root1' },
    text: `qplug qmp bench device_add '{"driver":"qemu-xhci","id":"xhci","bus":"root1","p2":15,"p3":15}'`,
    more: { leeway: { growable: [] } },
  },
  {
    what: 'a running VM, all ports used, no slot free',
    topology: running(full(vm(xhci('x', 2)), 'x.0', 2)),
    device: device('a', 'high'),
    reason: 'no-port',
    fix: { fix: 'detach', device: 'dev1' },
    text: 'qplug detach bench dev1',
  },
  {
    what: 'the same with a hub that nothing is behind: that one',
    topology: running(withHub(full(vm(xhci('x', 2)), 'x.0', 1), 'x.0', { id: 'idle', port: '2', ports: 4 })),
    device: device('a', 'high', { mask: 4 }),
    reason: 'no-port',
    fix: { fix: 'detach', device: 'idle' },
    text: 'qplug detach bench idle',
  },
  {
    what: 'a device without an id: by its QOM path, quoted for a shell',
    topology: running(
      withDevice(vm(xhci('x', 1)), 'x.0', {
        id: undefined,
        qomPath: '/machine/peripheral-anon/device[0]',
        driver: 'usb-kbd',
        port: '1',
      }),
    ),
    device: device('a', 'high'),
    reason: 'no-port',
    fix: { fix: 'detach', device: '/machine/peripheral-anon/device[0]' },
    text: "qplug detach bench '/machine/peripheral-anon/device[0]'",
  },
  {
    what: 'a pinned port in use by the only device that could go, and too slow anyway: two changes',
    topology: running(full(vm(uhci()), 'uhci.0', 2)),
    device: device('a', 'high', { pin: { controller: 'uhci', port: '1' } }),
    reason: 'pin-taken',
    fix: {
      fix: 'both',
      changes: [
        { fix: 'allow-slower', speed: 'full' },
        { fix: 'detach', device: 'dev1' },
      ],
    },
    text: 'qplug detach bench dev1\n# add --slower allow\n# it then runs at full-speed, 12 Mb/s',
    more: { growth: NOTHING },
  },
  {
    what: 'pinned where nothing fits, all else slower: two changes on one line',
    topology: vm(ehci(), uhci()),
    device: device('a', 'super', { mask: 0b1010, pin: { controller: 'ehci', port: '1' } }),
    reason: 'pin-mismatch',
    fix: { fix: 'both', changes: [{ fix: 'unpin' }, { fix: 'allow-slower', speed: 'full' }] },
    text: 'leave out `controller:` and `port:` on its line, and write `slower: allow` on its line (full-speed, 12 Mb/s)',
    more: { growth: NOTHING },
  },
  {
    what: 'a hub of a VM file, a port of that number free on another controller: that one is named',
    topology: full(vm(xhci('x', 1), uhci()), 'x.0', 1),
    device: hub('a', { pin: { controller: 'x', port: '1' } }),
    reason: 'pin-taken',
    fix: { fix: 'repin', controller: 'uhci', port: '1' },
    text: 'write `controller: uhci, port: 1` on its line',
    more: { growth: NOTHING },
  },
  {
    what: 'a port that is in use, the other would be that of an added hub: no port behind it is named',
    topology: full(vm(xhci('x', 2)), 'x.0', 1),
    device: device('a', 'low', { pin: { controller: 'x', port: '1' } }),
    reason: 'pin-taken',
    fix: { fix: 'unpin' },
    text: 'leave out `controller:` and `port:` on its line',
  },
  {
    what: 'a port that is nowhere, the only free ones on a controller that would be added: none of them is named',
    topology: full(vm(xhci('x', 1)), 'x.0', 1),
    device: device('a', 'high', { pin: { port: '9' } }),
    reason: 'pin-unknown',
    fix: { fix: 'unpin' },
    text: 'leave out `port:` on its line',
    more: { growth: { hubs: false, controllers: [xhci('m', 2)] } },
  },
  {
    what: 'a hub beside a controller that may be added already: both are written',
    topology: vm(),
    device: device('c', 'full'),
    reason: 'no-port',
    fix: { fix: 'grow', what: 'both' },
    text: 'write `grow: [hubs, controllers]` under usb',
    more: {
      growth: { hubs: false, controllers: [uhci('m')] },
      devices: ['a', 'b', 'c'].map((key) => device(key, 'full')),
      leeway: { growable: [] },
    },
  },
  {
    what: 'a controller with one port, and a hub on it: neither would do by itself',
    topology: vm(),
    device: device('b', 'full'),
    reason: 'no-port',
    fix: { fix: 'grow', what: 'both' },
    text: 'write `grow: [hubs, controllers]` under usb',
    more: {
      growth: NOTHING,
      devices: ['a', 'b'].map((key) => device(key, 'full')),
      leeway: { growable: [xhci('g', 1)] },
    },
  },
  {
    what: 'a VM file that may have no companions and nothing added: nothing helps, and nothing is detached from a file',
    topology: full(vm(ehci(), uhci()), 'uhci.0', 2),
    device: device('a', 'full', { pin: { controller: 'ehci', port: '3' } }),
    reason: 'pin-mismatch',
    fix: { fix: 'none', because: 'nothing-helps' },
    text: undefined,
    more: { growth: NOTHING, leeway: { growable: [], addable: false, companions: [] } },
  },
  {
    what: 'a device that QEMU has not attached goes before one that works',
    topology: running(
      withDevice(full(vm(xhci('x', 2)), 'x.0', 1), 'x.0', {
        id: 'stuck',
        driver: 'usb-host',
        port: '2',
        attached: false,
      }),
    ),
    device: device('a', 'high'),
    reason: 'no-port',
    fix: { fix: 'detach', device: 'stuck' },
    text: 'qplug detach bench stuck',
  },
  {
    what: 'a VM that runs by the word of who asks: its controllers stay as they are',
    ...ONE_TOO_MANY,
    fix: { fix: 'detach', device: 'dev1' },
    text: undefined,
    more: { leeway: { running: true, growable: [] } },
  },
  {
    what: 'a slot that a controller to be added takes: it is not told a second time',
    topology: running(full(vm(xhci('x', 1)), 'x.0', 1), [{ bus: 'pci.0', capacity: 1 }]),
    device: device('a', 'high'),
    reason: 'no-port',
    fix: { fix: 'detach', device: 'dev1' },
    text: 'qplug detach bench dev1',
    more: { growth: { hubs: true, controllers: [{ ...xhci('m', 0), pciBus: 'pci.0' }] } },
  },
  {
    what: 'more devices than one new controller has ports for, two slots on one bus: both are used',
    topology: running(vm(uhci()), [{ bus: 'pci.0', capacity: 2 }]),
    device: device('d19', 'high', { mask: 4 }),
    reason: 'no-port',
    fix: { fix: 'grow', what: 'controllers' },
    text: '--grow controllers',
    more: { growth: NOTHING, devices: Array.from({ length: 20 }, (_, i) => device(`d${i}`, 'high', { mask: 4 })) },
  },
];

describe('the cheapest fix', () => {
  it.each(cases)('$what', ({ topology, device: one, reason, fix, text, more }) => {
    const asked = request(topology, [one], more);
    const made = plan(asked);
    const refusal = made.refusals.find(({ key }) => key === one.key);
    expect(refusal?.reason).toBe(reason);
    expect(refusal?.fix).toEqual(fix);
    if (text !== undefined) expect(words(planFindings(made, { vm: 'bench' }).at(-1)!).fix).toBe(text);
    const helped = plan(withFix(asked, one.key, fix)).placements.map(({ key }) => key);
    expect(helped.includes(one.key)).toBe(fix.fix !== 'none');
  });

  it('a device that QEMU attaches at no speed: none, for that reason', () => {
    const made = plan(request(vm(xhci('x', 4)), [device('a', 'high', { mask: 0 })]));
    expect(made.refusals[0]).toMatchObject({ reason: 'no-speed', fix: { fix: 'none', because: 'no-speed' } });
    expect(planFindings(made)[0]?.code).toBe('device-unsupported');
  });

  it('nothing helps: none, and it is said that nothing does while the VM runs', () => {
    const made = plan(request(running(vm(ehci())), [device('a', 'full')]));
    expect(made.refusals[0]?.fix).toEqual({ fix: 'none', because: 'nothing-helps' });
    const { why, fix } = words(planFindings(made)[0]!);
    expect(why).toBe('no port takes a full-speed device; no change to the running VM makes room for it');
    expect(fix).toBeUndefined();
  });

  it('a name that can not be typed is not told to be detached', () => {
    const topology = running(withDevice(vm(xhci('x', 1)), 'x.0', { id: 'e\u001b[2J', driver: 'usb-host', port: '1' }));
    expect(plan(request(topology, [device('a', 'high')])).refusals[0]?.fix.fix).toBe('none');
  });

  it('hundreds of refusals: the search ends, and says where it did', () => {
    const devices = Array.from({ length: 300 }, (_, i) => device(`d${i}`, 'high', { mask: 4 + i }));
    const fixes = plan(request(running(vm(xhci('x', 2))), devices)).refusals.map(({ fix }) => fix);
    expect(fixes[0]).toEqual({ fix: 'none', because: 'nothing-helps' });
    expect(fixes.at(-1)).toEqual({ fix: 'none', because: 'not-sought' });
  });
});

/** Changes as a search apart from the planner's own would try them. */
function everySingle(asked: PlanRequest, key: string): PlanChange[] {
  const { topology } = asked;
  const runs = topology.hotplug.length > 0 || topology.controllers.some(({ qomPath }) => qomPath !== undefined);
  const one = asked.devices.find((it) => it.key === key)!;
  const pinned = (one.pin?.controller ?? one.pin?.port) !== undefined;
  const wordsOf = topology.controllers.flatMap(({ id, bus }) => [id ?? bus]);
  const places = [...wordsOf, undefined].flatMap((controller) =>
    Array.from({ length: 6 }, (_, i) => ({ controller, port: String(i + 1) })),
  );
  const late: PlanChange[] = runs
    ? topology.hotplug.map(({ bus }) => ({ fix: 'add-controller', model: 'qemu-xhci', id: 'fresh', bus }))
    : topology.controllers.flatMap(({ id = '', model }): PlanChange[] =>
        /xhci|ohci/.test(model)
          ? [{ fix: 'more-ports', controller: id, rule: model === 'pci-ohci' ? 'ohci' : 'xhci', ports: 15 }]
          : /ehci/.test(model)
            ? [{ fix: 'add-companions', controller: id }]
            : [],
      );
  const out: PlanChange[] = topology.controllers
    .flatMap(({ devices }) => devices)
    .filter(({ id, qomPath, port }) => runs && (id ?? qomPath) !== undefined && port !== undefined)
    .filter(
      ({ port }) => !topology.controllers.some(({ devices }) => devices.some((it) => it.port?.startsWith(`${port}.`))),
    )
    .map(({ id, qomPath }) => ({ fix: 'detach', device: id ?? qomPath ?? '' }));
  return [
    ...(one.pin?.port === undefined ? [] : places.filter(({ controller }) => controller === one.pin?.controller)).map(
      (place): PlanChange => ({ fix: 'repin', ...place }),
    ),
    ...(pinned && (one.hubPorts === undefined || runs) ? [{ fix: 'unpin' } as const] : []),
    { fix: 'allow-slower', speed: 'low' },
    { fix: 'grow', what: 'hubs' },
    { fix: 'grow', what: 'controllers' },
    { fix: 'grow', what: 'both' },
    ...(runs ? [] : [{ fix: 'add-controller', model: 'qemu-xhci', id: 'fresh' } as const]),
    ...late,
    ...out,
  ];
}

/** @returns whether a device has a port after a fix, and all that had one have one still */
function helps(asked: PlanRequest, kept: readonly string[], key: string, fix: PlanFix): boolean {
  const placed = new Set(plan(withFix(asked, key, fix)).placements.map((one) => one.key));
  return [...kept, key].every((one) => placed.has(one));
}

describe('fixes of random requests', () => {
  it('each works as it is told; where there is none, no single change helps; and words can be made of each', () => {
    const seen = new Map<string, number>();
    const count = (name: string): void => {
      seen.set(name, (seen.get(name) ?? 0) + 1);
    };
    fc.assert(
      fc.property(anyRequest, (asked) => {
        const made = plan(asked);
        const kept = made.placements.map(({ key }) => key);
        for (const { key, fix } of made.refusals) {
          count(fix.fix === 'none' ? fix.because : fix.fix);
          if (fix.fix !== 'none') expect(helps(asked, kept, key, fix)).toBe(true);
          else
            for (const one of everySingle(asked, key))
              expect([one, helps(asked, kept, key, one)]).toEqual([one, false]);
          if (fix.fix === 'allow-slower') {
            const speed = plan(withFix(asked, key, fix)).placements.find((one) => one.key === key)?.speed;
            expect(fix.speed).toBe(speed);
          }
        }
        for (const found of planFindings(made, { vm: 'bench' })) expect(words(found).what).not.toBe('');
      }),
      random(1000),
    );
    if (!isWholeRun) return;
    // What is never tried is not tested: every kind has to be among them.
    for (const kind of [
      'repin',
      'unpin',
      'allow-slower',
      'grow',
      'more-ports',
      'add-companions',
      'detach',
      'both',
      'no-speed',
      'nothing-helps',
    ])
      expect([kind, (seen.get(kind) ?? 0) > 0]).toEqual([kind, true]);
    expect(seen.get('not-sought')).toBeUndefined();
  });

  it('the six devices on full VMs: each fix works', () => {
    const start = fc.constantFrom(
      vm(ehci()),
      vm(xhci('x', 2)),
      vm(uhci()),
      running(full(vm(xhci('x', 3)), 'x.0', 2)),
      running(vm(xhci('x', 1), ehci()), [{ bus: 'pci.0', capacity: 1 }]),
    );
    fc.assert(
      fc.property(start, fc.shuffledSubarray([...SIX], { minLength: 3 }), fc.boolean(), (topology, devices, hubs) => {
        const asked = request(topology, devices, { growth: { ...HUBS, hubs } });
        const made = plan(asked);
        const kept = made.placements.map(({ key }) => key);
        for (const { key, fix } of made.refusals) {
          if (fix.fix !== 'none') expect(helps(asked, kept, key, fix)).toBe(true);
        }
      }),
      random(100),
    );
  });
});
