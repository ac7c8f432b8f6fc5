import { describe, expect, it } from 'vitest';
import { describe as words } from '../../../src/diag/index.js';
import { type DeviceRequest, type PlanRequest, plan, planFindings } from '../../../src/planner/index.js';
import { type Topology, withDevice } from '../../../src/qdev/index.js';
import { faults } from './checks.js';
import { device, ehci, hub, NOTHING, request, uhci, vm, xhci } from './layouts.js';

const remembered = (
  key: string,
  native: DeviceRequest['native'],
  bus: string,
  port: string,
  more: Partial<DeviceRequest> = {},
): DeviceRequest => device(key, native, { home: { bus, port }, ...more });

function tried(asked: PlanRequest) {
  const made = plan(asked);
  expect(faults(asked, made)).toEqual([]);
  return {
    made,
    at: Object.fromEntries(made.placements.map(({ key, bus, port }) => [key, `${bus} ${port}`])),
    away: Object.fromEntries(
      made.placements.flatMap(({ key, home }) => (home === undefined ? [] : [[key, `${home.bus} ${home.port}`]])),
    ),
    hubs: made.hubs.map(({ bus, port }) => `${bus} ${port}`),
    found: planFindings(made).map((one) => ({ code: one.code, severity: one.severity, ...words(one) })),
  };
}

describe('a device that was remembered', () => {
  it('goes where it was, though another port would be better and a slow device stands on a fast one', () => {
    const { at, away, found } = tried(request(vm(uhci(), xhci('x', 15)), [remembered('a', 'full', 'x.0', '9')]));
    expect(at).toEqual({ a: 'x.0 9' });
    expect(away).toEqual({});
    expect(found).toEqual([]);
  });

  it('leaves a hub where another hangs on it, whoever was at the port below', () => {
    const others = Array.from({ length: 6 }, (_, i) => device(`d${i}`, 'full'));
    const two = [remembered('a', 'full', 'c.0', '1'), remembered('b', 'full', 'c.0', '1.1')];
    const { made, at, hubs } = tried(request(vm({ id: 'c', model: 'pci-ohci', numPorts: 1 }), [...two, ...others]));
    expect(made.refusals).toEqual([]);
    expect(at).toMatchObject({ b: 'c.0 1.1' });
    expect(hubs).toEqual(['c.0 1', 'c.0 1.2']);
  });

  it('is in nobody’s way: another that has only this port gets it, and it is said', () => {
    const { at, away, found } = tried(
      request(vm(uhci(), xhci('x', 1)), [remembered('a', 'full', 'x.0', '1'), device('b', 'super', { label: 'disk' })]),
    );
    expect(at).toEqual({ a: 'uhci.0 1', b: 'x.0 1' });
    expect(away).toEqual({ a: 'x.0 1' });
    expect(found).toEqual([
      {
        code: 'placed-elsewhere',
        severity: 'warning',
        what: 'a is on another port than before',
        where: 'uhci.0 port 1',
        why: 'it was on x.0 port 1; now disk is there',
      },
    ]);
  });

  it('does not run slower for it', () => {
    const asked = [remembered('a', 'super', 'ehci.0', '1', { slower: 'allow' })];
    const { at, found } = tried(request(vm(ehci(), xhci('x', 1)), asked));
    expect(at).toEqual({ a: 'x.0 1' });
    expect(found[0]?.why).toBe('it was on ehci.0 port 1; that port no longer takes its speed');
  });

  it('behind two hubs that are gone: they are added anew', () => {
    const { at, hubs } = tried(request(vm(xhci('x', 4)), [remembered('a', 'full', 'x.0', '2.3.1')]));
    expect(at).toEqual({ a: 'x.0 2.3.1' });
    expect(hubs).toEqual(['x.0 2', 'x.0 2.3']);
  });

  it('behind a hub that is gone and may not be added: elsewhere, and there is no such port', () => {
    const asked = request(vm(xhci('x', 4)), [remembered('a', 'full', 'x.0', '2.3')], { growth: NOTHING });
    const { at, found } = tried(asked);
    expect(at).toEqual({ a: 'x.0 1' });
    expect(found[0]?.why).toBe('it was on x.0 port 2.3; that port no longer exists');
  });

  it('behind a hub that is asked for: that is put there', () => {
    const two = [remembered('a', 'full', 'x.0', '2.3'), hub('h', { hubPorts: 4 })];
    const { at, hubs } = tried(request(vm(xhci('x', 4)), two, { growth: NOTHING }));
    expect(at).toEqual({ a: 'x.0 2.3', h: 'x.0 2' });
    expect(hubs).toEqual([]);
  });

  it('on a controller that was added then: it is added again, though there is room elsewhere', () => {
    const growth = { hubs: true, controllers: [xhci('m1', 4), xhci('m2', 4)] };
    const { at, made } = tried(request(vm(xhci('x', 4)), [remembered('a', 'super', 'm2.0', '3')], { growth }));
    expect(made.controllers.map(({ id }) => id)).toEqual(['m1', 'm2']);
    expect(at).toEqual({ a: 'm2.0 3' });
  });

  it('a hub that was remembered: at its place', () => {
    expect(tried(request(vm(xhci('x', 4)), [hub('h', { home: { bus: 'x.0', port: '3' } })])).at).toEqual({
      h: 'x.0 3',
    });
  });

  it.each([
    { what: 'to another port', pin: { controller: 'x', port: '2' }, at: 'x.0 2' },
    { what: 'to another controller', pin: { controller: 'uhci' }, at: 'uhci.0 1' },
  ])('is pinned $what: the pin counts, and nothing is said', ({ pin, at }) => {
    const one = tried(request(vm(xhci('x', 15), uhci()), [remembered('a', 'full', 'x.0', '9', { pin })]));
    expect(one.at).toEqual({ a: at });
    expect(one.found).toEqual([]);
  });

  it('is pinned to the controller where it was: at its old port', () => {
    const asked = request(vm(uhci(), xhci('x', 15)), [
      remembered('a', 'full', 'x.0', '9', { pin: { controller: 'x' } }),
    ]);
    expect(tried(asked).at).toEqual({ a: 'x.0 9' });
  });

  it('two at one port: the first by key is there', () => {
    const two = [remembered('b', 'full', 'x.0', '9'), remembered('a', 'full', 'x.0', '9')];
    const { at, away } = tried(request(vm(xhci('x', 15)), two));
    expect(at).toEqual({ a: 'x.0 9', b: 'x.0 1' });
    expect(away).toEqual({ b: 'x.0 9' });
  });

  it.each(['02', '1.9', '7', '1.1.1.1.1.1.1', ''])('at %j, which is no port that can be: elsewhere', (port) => {
    const { at, away } = tried(request(vm(xhci('x', 4)), [remembered('a', 'super', 'x.0', port)]));
    expect(at).toEqual({ a: 'x.0 1' });
    expect(away).toEqual({ a: `x.0 ${port}` });
  });
});

describe('a port that is kept for a device that is away', () => {
  const kept = [{ bus: 'x.0', port: '1', label: 'my scanner' }];

  it('others go around it', () => {
    const { at, made } = tried(request(vm(xhci('x', 4)), [device('a', 'super')], { kept }));
    expect(at).toEqual({ a: 'x.0 2' });
    expect(made.placements[0]?.candidates[0]?.verdict).toEqual({ verdict: 'kept', speed: 'super', for: 'my scanner' });
    expect(made.keptTaken).toEqual([]);
  });

  it('a controller is added rather than taking it', () => {
    const growth = { hubs: true, controllers: [xhci('more', 4)] };
    const { at } = tried(request(vm(xhci('x', 1)), [device('a', 'super')], { kept, growth }));
    expect(at).toEqual({ a: 'more.0 1' });
  });

  it('the only one: it is taken, and it is said', () => {
    const { at, made, found } = tried(request(vm(xhci('x', 1)), [device('a', 'super')], { kept }));
    expect(at).toEqual({ a: 'x.0 1' });
    expect(made.keptTaken).toEqual([{ bus: 'x.0', port: '1', label: 'my scanner', by: 'a' }]);
    expect(found).toEqual([
      {
        code: 'kept-port-taken',
        severity: 'warning',
        what: 'another device took a port kept for my scanner',
        where: 'x.0 port 1',
        why: 'ports are scarce: without it a would get no port, a slower one, or not its own',
      },
    ]);
  });

  it('the only one at native speed: it is taken', () => {
    const asked = request(vm(ehci(), xhci('x', 1)), [device('a', 'super', { slower: 'allow' })], { kept });
    expect(tried(asked).at).toEqual({ a: 'x.0 1' });
  });

  it('no hub is put on it to keep fast ports free', () => {
    const one = tried(request(vm(xhci('x', 2)), [device('a', 'full')], { kept }));
    expect(one.hubs).toEqual(['x.0 2']);
  });

  it('one behind a hub that comes back for another: others go around it', () => {
    const away = [{ bus: 'x.0', port: '2.1', label: 'mouse' }];
    const two = [remembered('a', 'full', 'x.0', '2.2'), device('b', 'full')];
    const { at } = tried(request(vm(xhci('x', 4)), two, { kept: away }));
    expect(at).toEqual({ a: 'x.0 2.2', b: 'x.0 2.3' });
  });

  it.each(['5', '2.9', '1.1.1.1.1.1.1', 'x', '3.2'])('%j, which is not there: nothing is kept', (port) => {
    const asked = request(vm(xhci('x', 4)), [device('a', 'super')], { kept: [{ bus: 'x.0', port, label: 'gone' }] });
    expect(tried(asked).at).toEqual({ a: 'x.0 1' });
  });
});

describe('an xHCI controller that numbers only so many devices', () => {
  const withSlots = (topology: Topology, slots: number): Topology => ({
    ...topology,
    controllers: topology.controllers.map((one) => ({ ...one, slots })),
  });

  it('what is attached counts, and a device too many is refused with the reason', () => {
    const start = withSlots(withDevice(vm(xhci('x', 4)), 'x.0', { id: 'm', driver: 'usb-mouse', port: '4' }), 3);
    const three = ['a', 'b', 'c'].map((key) => device(key, 'super'));
    const { at, made, found } = tried(request(start, three));
    expect(at).toEqual({ a: 'x.0 1', b: 'x.0 2' });
    expect(made.refusals[0]?.reason).toBe('controller-full');
    expect(made.refusals[0]?.candidates[2]?.verdict).toEqual({ verdict: 'controller-full', slots: 3 });
    expect(found[0]?.why).toBe(
      'a guest can number 3 devices on one xHCI controller, hubs included, and these are in use',
    );
  });

  it('hubs count: 56 slow devices behind seven of them, and one more in their place would be one too many', () => {
    const many = (count: number): DeviceRequest[] => Array.from({ length: count }, (_, i) => device(`d${i}`, 'full'));
    expect(tried(request(vm(xhci('x', 15)), many(57))).made.refusals).toEqual([]);
    const full = tried(request(vm(xhci('x', 15)), many(60))).made;
    expect(full.placements.length + full.hubs.length).toBe(64);
    expect(full.refusals.map(({ reason }) => reason)).toContain('controller-full');
  });

  it('a mandatory device takes the last slot, and another goes to the next controller', () => {
    const topology: Topology = vm(xhci('x', 4), xhci('y', 1));
    const short = {
      ...topology,
      controllers: topology.controllers.map((one, i) => ({ ...one, slots: i === 0 ? 1 : 64 })),
    };
    const two = [device('a', 'super'), device('b', 'super', { pin: { controller: 'x' }, mandatory: true })];
    expect(tried(request(short, two)).at).toEqual({ a: 'y.0 1', b: 'x.0 1' });
  });
});
