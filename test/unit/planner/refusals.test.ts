import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kindOf, describe as words } from '../../../src/diag/index.js';
import { type DeviceRequest, type Fix, type PlanRequest, plan, planFindings } from '../../../src/planner/index.js';
import { type Topology, withDevice } from '../../../src/qdev/index.js';
import { device, ehci, HUBS, hub, NOTHING, request, SIX, uhci, vm, xhci } from './layouts.js';
import { random } from './random.js';

/** A VM that runs: its controllers have QOM paths. */
function running(topology: Topology, hotplug: Topology['hotplug'] = []): Topology {
  const controllers = topology.controllers.map((one) => ({ ...one, qomPath: `/machine/peripheral/${one.id}` }));
  return { ...topology, controllers, hotplug };
}

const full = (topology: Topology, bus: string, ports: number): Topology =>
  Array.from({ length: ports }, (_, i) => ({ id: `dev${i + 1}`, driver: 'usb-host', port: `${i + 1}` })).reduce(
    (now, one) => withDevice(now, bus, one),
    topology,
  );

interface Case {
  what: string;
  topology: Topology;
  device: DeviceRequest;
  reason: string;
  fix: Fix;
  text: string;
  more?: Partial<PlanRequest>;
}

const cases: Case[] = [
  {
    what: 'a SuperSpeed disk where only EHCI has room',
    topology: vm(ehci()),
    device: device('a', 'super'),
    reason: 'only-slower',
    fix: { fix: 'allow-slower', speed: 'high' },
    text: '--slower allow, or "slower: allow" on the device in the VM file (high-speed, 480 Mb/s)',
  },
  {
    what: 'a full-speed device where a hub would do and may not be added',
    topology: vm(xhci('x', 1)),
    device: device('a', 'full', { pin: { controller: 'x', port: '1.1' } }),
    reason: 'pin-unknown',
    fix: { fix: 'grow', what: 'hubs' },
    text: 'set "grow: [hubs]" under usb in the VM file',
    more: { growth: NOTHING },
  },
  {
    what: 'a VM file without controllers',
    topology: vm(),
    device: device('a', 'full'),
    reason: 'no-port',
    fix: { fix: 'add-controller', model: 'qemu-xhci', id: 'xhci', bus: undefined },
    text: 'add "- { model: qemu-xhci }" under usb.controllers',
  },
  {
    what: 'a VM file whose ports are all used',
    topology: full(vm(ehci('xhci')), 'xhci.0', 6),
    device: device('a', 'high'),
    reason: 'no-port',
    fix: { fix: 'add-controller', model: 'qemu-xhci', id: 'xhci_2', bus: undefined },
    text: 'add "- { model: qemu-xhci }" under usb.controllers',
  },
  {
    what: 'a running VM, all ports used, a slot free',
    topology: running(full(vm(xhci('x', 2)), 'x.0', 2), [{ bus: 'pci.0', capacity: 3 }]),
    device: device('a', 'high'),
    reason: 'no-port',
    fix: { fix: 'add-controller', model: 'qemu-xhci', id: 'xhci', bus: 'pci.0' },
    text: `qplug qmp bench device_add '{"driver":"qemu-xhci","id":"xhci","bus":"pci.0"}'`,
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
    what: 'a port that is in use, others free',
    topology: full(vm(xhci('x', 4)), 'x.0', 1),
    device: device('a', 'high', { pin: { controller: 'x', port: '1' } }),
    reason: 'pin-taken',
    fix: { fix: 'unpin' },
    text: 'leave out --controller and --port (in the VM file: "controller:" and "port:")',
  },
];

describe('a refusal', () => {
  it.each(cases)(
    '$what: $reason, with the cheapest fix in literal words',
    ({ topology, device: one, reason, fix, text, more }) => {
      const made = plan(request(topology, [one], more));
      expect(made.refusals[0]).toMatchObject({ reason, fix });
      expect(words(planFindings(made, { vm: 'bench' })[0]!).fix).toBe(text);
    },
  );

  it('a device that QEMU attaches at no speed: no port and no fix', () => {
    const made = plan(request(vm(xhci('x', 4)), [device('a', 'high', { mask: 0 })]));
    expect(made.refusals[0]).toMatchObject({ reason: 'no-speed', fix: { fix: 'none' } });
    expect(planFindings(made)[0]?.code).toBe('device-unsupported');
  });

  it('nothing helps: no fix is proposed', () => {
    const topology = running(vm(ehci()));
    expect(plan(request(topology, [device('a', 'full')])).refusals[0]?.fix).toEqual({ fix: 'none' });
  });

  it('a hub on a bare EHCI port: it says why, and where the hub can go', () => {
    const asked = request(vm(ehci(), xhci('x', 4)), [hub('my hub', { pin: { controller: 'ehci', port: '3' } })]);
    expect(words(planFindings(plan(asked))[0]!)).toEqual({
      what: 'the port fixed for my hub does not take its speed',
      where: 'ehci port 3',
      why: "QEMU's usb-hub is a full-speed device, and a bare EHCI port takes only high-speed ones; it can go on x.0 ports 1-4",
      fix: 'leave out --controller and --port (in the VM file: "controller:" and "port:")',
    });
  });

  it('a hub where there is a bare EHCI alone: it says what kinds of port would do', () => {
    const { why } = words(planFindings(plan(request(vm(ehci()), [hub('h')])))[0]!);
    expect(why).toContain('a bare EHCI port takes only high-speed ones');
    expect(why).toContain('UHCI, OHCI or xHCI');
  });

  it('a misspelt controller: the nearest one is proposed, and it is a mistake of usage', () => {
    const made = plan(request(vm(xhci('xhci', 4)), [device('a', 'high', { pin: { controller: 'xcih' } })]));
    const [found] = planFindings(made);
    expect(kindOf(found!.code)).toBe('usage');
    expect(words(found!)).toMatchObject({ where: 'xcih', why: 'there are xhci', fix: 'controller: xhci' });
  });

  it('all ports in use: it names who has them, without the terminal codes in their ids', () => {
    const topology = withDevice(vm(xhci('x', 1)), 'x.0', { id: 'evil\u001b[2J', driver: 'usb-host', port: '1' });
    expect(words(planFindings(plan(request(topology, [device('a', 'high')])))[0]!).why).toBe(
      'every port that takes its speed is in use: by evil\\x1b[2J',
    );
  });

  it('mandatory: an error; optional: a warning; slower but placed: a warning', () => {
    const devices = [
      device('a', 'super', { mandatory: true }),
      device('b', 'super'),
      device('c', 'super', { slower: 'allow' }),
    ];
    const findings = planFindings(plan(request(vm(ehci()), devices)), {
      locate: (key) => ({ file: 'vm.yaml', line: 3, column: key.length }),
    });
    expect(findings.map(({ code, severity }) => `${code} ${severity}`)).toEqual([
      'only-slower error',
      'only-slower warning',
      'placed-slower warning',
    ]);
    expect(findings[0]?.location).toEqual({ file: 'vm.yaml', line: 3, column: 1 });
  });

  it('each fix works: after it the device has a port, and no other lost its own', () => {
    const start = fc.constantFrom(
      vm(ehci()),
      vm(xhci('x', 2)),
      vm(uhci()),
      running(full(vm(xhci('x', 3)), 'x.0', 2)),
      running(vm(xhci('x', 1), ehci()), [{ bus: 'pci.0', capacity: 1 }]),
    );
    fc.assert(
      fc.property(start, fc.shuffledSubarray([...SIX], { minLength: 3 }), fc.boolean(), (topology, devices, hubs) => {
        const asked = request(topology, devices, { growth: { hubs, controllers: [] } });
        const made = plan(asked);
        for (const refusal of made.refusals) {
          const mended = plan(applied(asked, refusal.key, refusal.fix)).placements.map(({ key }) => key);
          const wanted = made.placements.map(({ key }) => key).concat(refusal.fix.fix === 'none' ? [] : [refusal.key]);
          expect(mended).toEqual(expect.arrayContaining(wanted));
        }
      }),
      random(100),
    );
  });
});

function applied(asked: PlanRequest, key: string, fix: Fix): PlanRequest {
  const change = (more: Partial<DeviceRequest>): PlanRequest => ({
    ...asked,
    devices: asked.devices.map((one) => (one.key === key ? { ...one, ...more } : one)),
  });
  switch (fix.fix) {
    case 'none':
      return asked;
    case 'allow-slower':
      return change({ slower: 'allow' });
    case 'unpin':
      return change({ pin: undefined });
    case 'grow':
      return { ...asked, growth: HUBS };
    case 'add-controller':
      return {
        ...asked,
        growth: { ...asked.growth, controllers: [{ id: fix.id, model: fix.model, p2: 4, p3: 4, pciBus: fix.bus }] },
      };
    case 'detach':
      return {
        ...asked,
        topology: {
          ...asked.topology,
          controllers: asked.topology.controllers.map((one) => ({
            ...one,
            devices: one.devices.filter(({ id }) => id !== fix.device),
          })),
        },
      };
  }
}

describe('verdicts', () => {
  it('every port has one, in the order of controllers and numbers', () => {
    const topology = withDevice(vm(ehci(), xhci('x', 2, 1), uhci()), 'uhci.0', {
      id: 'm',
      driver: 'usb-mouse',
      port: '1',
    });
    const made = plan(request(topology, [device('a', 'full', { label: 'reader' }), device('b', 'super')]));
    const seen = made.placements[0]!.candidates.map(({ bus, port, verdict }) => `${bus} ${port} ${verdict.verdict}`);
    expect(seen).toEqual([
      ...[1, 2, 3, 4, 5, 6].map((n) => `ehci.0 ${n} speed-mismatch`),
      'x.0 1 taken',
      'x.0 2 possible',
      'uhci.0 1 taken',
      'uhci.0 2 chosen',
    ]);
  });

  it('a fast port that is kept: reserved for a slow device, possible for a fast one', () => {
    const made = plan(request(vm(xhci('x', 5)), [device('a', 'full'), device('b', 'super')]));
    const at = (key: string): unknown =>
      made.placements.find((one) => one.key === key)?.candidates.find(({ port }) => port === '4')?.verdict;
    expect(at('a')).toEqual({ verdict: 'reserved', speed: 'full' });
    expect(at('b')).toEqual({ verdict: 'possible', speed: 'super' });
  });

  it('a pinned device: other ports are not-pinned; a slower port says how slow', () => {
    const made = plan(
      request(vm(ehci(), xhci('x', 1)), [device('a', 'super', { pin: { controller: 'ehci', port: '1' } })]),
    );
    expect(made.refusals[0]?.candidates[0]?.verdict).toEqual({ verdict: 'slower', speed: 'high' });
    expect(made.refusals[0]?.candidates.at(-1)?.verdict).toEqual({ verdict: 'not-pinned' });
    expect(made.refusals[0]?.alternatives).toEqual([{ bus: 'x.0', port: '1' }]);
  });
});
