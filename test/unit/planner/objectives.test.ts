import { describe, expect, it } from 'vitest';
import { type DeviceRequest, plan } from '../../../src/planner/index.js';
import { ich9Group, withHub } from '../../../src/qdev/index.js';
import { device, ehci, HUBS, NOTHING, request, uhci, vm, xhci } from './layouts.js';

const where = (made: ReturnType<typeof plan>): Record<string, string> =>
  Object.fromEntries(made.placements.map(({ key, bus, port }) => [key, `${bus} ${port}`]));

const place = (topology: Parameters<typeof request>[0], devices: DeviceRequest[], more = {}): Record<string, string> =>
  where(plan(request(topology, devices, more)));

describe('the objectives, each deciding where those before it are equal', () => {
  it('more devices than ports: the mandatory one is placed, whatever its key', () => {
    const two = [device('a', 'super'), device('b', 'super', { mandatory: true })];
    expect(place(vm(xhci('x', 1)), two)).toEqual({ b: 'x.0 1' });
  });

  it('two mandatory devices, one port, one pinned: the pinned one is placed', () => {
    const pin = { controller: 'x', port: '1' };
    const two = [device('a', 'high', { mandatory: true }), device('b', 'high', { mandatory: true, pin })];
    expect(place(vm(xhci('x', 1)), two)).toEqual({ b: 'x.0 1' });
  });

  it('a device that has one place only: the other makes room for it', () => {
    const two = [device('a', 'high', { mandatory: true }), device('b', 'super')];
    expect(place(vm(xhci('x', 1), ehci()), two)).toEqual({ a: 'ehci.0 1', b: 'x.0 1' });
  });

  it('slower is allowed, and there is a native port: no device is slower', () => {
    const two = [device('a', 'super', { slower: 'allow' }), device('b', 'high')];
    expect(place(vm(ehci(), xhci('x', 1)), two)).toEqual({ a: 'x.0 1', b: 'ehci.0 1' });
  });

  it('slower is allowed, and there are several slower ports: the fastest of them is taken', () => {
    expect(place(vm(uhci(), ehci()), [device('a', 'super', { slower: 'allow' })])).toEqual({ a: 'ehci.0 1' });
  });

  it('slower is allowed and a controller may be added: it is added, since native comes first', () => {
    const growth = { hubs: true, controllers: [xhci('more', 4)] };
    const made = plan(request(vm(ehci()), [device('a', 'super', { slower: 'allow' })], { growth }));
    expect(made.controllers.map(({ id }) => id)).toEqual(['more']);
    expect(where(made)).toEqual({ a: 'more.0 1' });
  });

  it('a hub or a controller would do: the hub is added', () => {
    const growth = { hubs: true, controllers: [xhci('more', 4)] };
    const made = plan(request(vm(xhci('x', 1)), [device('a', 'full'), device('b', 'full')], { growth }));
    expect(made.controllers).toEqual([]);
    expect(made.hubs.map(({ bus, port }) => `${bus} ${port}`)).toEqual(['x.0 1']);
  });

  it('three controllers are offered and two are needed: two are added, in their order', () => {
    const growth = { hubs: false, controllers: [xhci('m1', 1), xhci('m2', 1), xhci('m3', 4)] };
    const made = plan(request(vm(), [device('a', 'super'), device('b', 'super')], { growth }));
    expect(made.controllers.map(({ id }) => id)).toEqual(['m1', 'm2']);
  });

  it('a high-speed device: EHCI before xHCI, and there a USB 2 port before a SuperSpeed one', () => {
    const wide = vm(xhci('x', 3, 2), ehci());
    expect(place(wide, [device('a', 'high')])).toEqual({ a: 'ehci.0 1' });
    expect(place(vm(xhci('x', 3, 2)), [device('a', 'high')])).toEqual({ a: 'x.0 3' });
  });

  it('an EHCI with one companion: a high-speed device leaves the two ports that take slow ones', () => {
    const partial = ich9Group('e', { pciBus: 'pcie.0', slot: 29 }).slice(0, 2);
    expect(place(vm(...partial), [device('a', 'high')])).toEqual({ a: 'e.0 3' });
  });

  it('a SuperSpeed device: a port for SuperSpeed alone is used up first', () => {
    expect(place(vm(xhci('x', 1, 2)), [device('a', 'super')])).toEqual({ a: 'x.0 2' });
  });

  it('a full-speed device: UHCI before xHCI, and a hub that is there before xHCI', () => {
    expect(place(vm(xhci('x', 15), uhci()), [device('a', 'full')])).toEqual({ a: 'uhci.0 1' });
    const hubbed = withHub(vm(xhci('x', 15)), 'x.0', { id: 'h', port: '7' });
    expect(place(hubbed, [device('a', 'full')])).toEqual({ a: 'x.0 7.1' });
  });

  it('all else equal: the first controller, the lowest port, and ports in the order of keys', () => {
    const many = ['c', 'a', 'b'].map((key) => device(key, 'super'));
    expect(place(vm(xhci('z', 2), xhci('y', 2)), many)).toEqual({ a: 'z.0 1', b: 'z.0 2', c: 'y.0 1' });
  });

  it('port 10 comes after port 9', () => {
    const ten = Array.from({ length: 10 }, (_, i) => device(`d${i}`, 'super'));
    expect(place(vm(xhci('x', 15)), ten)['d9']).toBe('x.0 10');
  });
});

describe('the reserve', () => {
  it('plenty of fast ports: a keyboard takes one and no hub is made', () => {
    const made = plan(request(vm(xhci('x', 15)), [device('a', 'full')]));
    expect(made.hubs).toEqual([]);
    expect(where(made)).toEqual({ a: 'x.0 1' });
  });

  it.each([
    { ports: 6, hubs: 0 },
    { ports: 5, hubs: 1 },
    { ports: 4, hubs: 1 },
  ])('$ports fast ports and a reserve of 4: $hubs hubs for a keyboard', ({ ports, hubs }) => {
    expect(plan(request(vm(xhci('x', ports)), [device('a', 'full')])).hubs).toHaveLength(hubs);
  });

  it('a reserve of 0: the keyboard sits on the fast port', () => {
    const made = plan(request(vm(xhci('x', 1)), [device('a', 'full')], { reserve: 0 }));
    expect(made.hubs).toEqual([]);
  });

  it('hubs may not be added: the reserve refuses nobody', () => {
    const all = Array.from({ length: 4 }, (_, i) => device(`d${i}`, 'full'));
    expect(plan(request(vm(xhci('x', 4)), all, { growth: NOTHING })).refusals).toEqual([]);
  });

  it('the last place for slow devices becomes a hub', () => {
    const made = plan(request(vm(uhci()), [device('a', 'full'), device('b', 'full')]));
    expect(made.hubs.map(({ port }) => port)).toEqual(['1']);
  });

  it('the last place for slow devices becomes a hub though fast ports are left in plenty', () => {
    const wide = vm(uhci(), ehci(), xhci('x', 0, 5));
    const two = [device('a', 'full'), device('b', 'full')];
    expect(plan(request(wide, two)).hubs.map(({ bus, port }) => `${bus} ${port}`)).toEqual(['uhci.0 1']);
    expect(plan(request(wide, two.slice(1))).hubs).toEqual([]);
  });

  it('a fast device needs the last port: it gets it', () => {
    expect(place(vm(xhci('x', 1)), [device('a', 'super')])).toEqual({ a: 'x.0 1' });
  });

  it('a hub is full: the next one goes behind it, and no fast port is used', () => {
    let topology = withHub(vm(xhci('x', 4)), 'x.0', { id: 'h', port: '1' });
    for (let i = 0; i < 7; i++) topology = plan(request(topology, [device(`d${i}`, 'full')])).after;
    const made = plan(request(topology, [device('last', 'full')], { growth: HUBS }));
    expect(made.hubs.map(({ port }) => port)).toEqual(['1.8']);
    expect(where(made)).toEqual({ last: 'x.0 1.8.1' });
  });
});

describe('added hubs', () => {
  it('a hub that must be on one controller has room for those that wait on others: no second one stays', () => {
    const many = Array.from({ length: 20 }, (_, i) => uhci(`u${i}`));
    const pinned = Array.from({ length: 3 }, (_, i) => device(`p${i}`, 'full', { pin: { controller: 'u19' } }));
    const others = Array.from({ length: 39 }, (_, i) => device(`d${i}`, 'full'));
    const made = plan(request(vm(...many), [...pinned, ...others], { reserve: 0 }));
    expect(made.refusals).toEqual([]);
    expect(made.hubs.map(({ bus, port }) => `${bus} ${port}`)).toEqual(['u19.0 1']);
  });
});
