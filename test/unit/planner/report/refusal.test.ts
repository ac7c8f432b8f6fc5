import { describe, expect, it } from 'vitest';
import { kindOf, describe as words } from '../../../../src/diag/index.js';
import { plan, planFindings } from '../../../../src/planner/index.js';
import { withDevice, withHub } from '../../../../src/qdev/index.js';
import { device, ehci, full, hub, NOTHING, request, uhci, vm, xhci } from '../layouts.js';

describe('a refusal', () => {
  it('a hub on a bare EHCI port: it says why, and where the hub can go', () => {
    const asked = request(vm(ehci(), xhci('x', 4)), [hub('my hub', { pin: { controller: 'ehci', port: '3' } })]);
    expect(words(planFindings(plan(asked))[0]!)).toEqual({
      what: 'the port fixed for my hub, ehci port 3, does not take its speed',
      where: undefined,
      why: "QEMU's usb-hub is a full-speed (USB 1.1) device, and a bare EHCI port takes only high speed; it can go on x.0 ports 1-4",
      fix: 'write `controller: x, port: 1` on its line',
    });
  });

  it('a hub where there is a bare EHCI alone: it says what kinds of port would do', () => {
    const { why } = words(planFindings(plan(request(vm(ehci()), [hub('h')])))[0]!);
    expect(why).toContain('a bare EHCI port takes only high speed');
    expect(why).toContain('UHCI, OHCI or xHCI');
  });

  it('a misspelt controller: the nearest one is proposed, and it is a mistake of usage', () => {
    const made = plan(request(vm(xhci('xhci', 4)), [device('a', 'high', { pin: { controller: 'xcih' } })]));
    const [found] = planFindings(made);
    expect(kindOf(found!.code)).toBe('usage');
    expect(words(found!)).toMatchObject({
      what: 'there is no controller xcih for a, or none that qplug knows',
      why: 'there are xhci',
      fix: 'write `controller: xhci` on its line',
    });
  });

  it('all ports in use: it names who has them, without the terminal codes in their ids', () => {
    const topology = withDevice(vm(xhci('x', 1)), 'x.0', { id: 'evil\u001b[2J', driver: 'usb-host', port: '1' });
    expect(words(planFindings(plan(request(topology, [device('a', 'high')])))[0]!).why).toBe(
      'every port that takes its speed is in use: by evil\\x1b[2J',
    );
  });

  it('ports that the reserve keeps are among those where it could be: a refusal is worse than a fast port less', () => {
    const asked = request(full(vm(xhci('x', 2)), 'x.0', 1), [
      device('a', 'low', { pin: { controller: 'x', port: '1' } }),
    ]);
    expect(plan(asked).refusals[0]?.alternatives).toEqual([{ bus: 'x.0', port: '2' }]);
  });

  it('several slower speeds: the best is told', () => {
    const [found] = planFindings(plan(request(vm(ehci(), uhci()), [device('a', 'super')])));
    expect(found?.code).toBe('only-slower');
    expect(found?.evidence).toMatchObject({ best: 'high' });
  });

  it('ports that several things of one name have: the name is told once', () => {
    const keyboard = { id: undefined, driver: 'usb-kbd' };
    const topology = ['1', '2'].reduce((now, port) => withDevice(now, 'uhci.0', { ...keyboard, port }), vm(uhci()));
    const [found] = planFindings(plan(request(topology, [device('a', 'full')], { growth: NOTHING })));
    expect(found?.evidence).toMatchObject({ takenBy: ['usb-kbd'] });
  });

  it('ports of a hub follow all root ports, each run by itself', () => {
    const topology = withHub(vm(uhci()), 'uhci.0', { id: 'h', port: '1', ports: 2 });
    const [found] = planFindings(plan(request(topology, [device('a', 'high', { pin: { controller: 'uhci' } })])));
    expect(found?.evidence).toMatchObject({ ports: ['uhci.0 ports 1-2', 'uhci.0 ports 1.1-1.2'] });
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
});

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
