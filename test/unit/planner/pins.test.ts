import { describe, expect, it } from 'vitest';
import { type DeviceRequest, type PlanRequest, plan } from '../../../src/planner/index.js';
import { type AttachedDevice, type Topology, withDevice, withHub } from '../../../src/qdev/index.js';
import { faults } from './checks.js';
import { device, ehci, hub, NOTHING, request, uhci, vm, xhci } from './layouts.js';

function tried(asked: PlanRequest): {
  at: Record<string, string>;
  reasons: Record<string, string>;
  hubs: string[];
  steps: string[];
} {
  const made = plan(asked);
  expect(faults(asked, made)).toEqual([]);
  return {
    at: Object.fromEntries(made.placements.map(({ key, bus, port }) => [key, `${bus} ${port}`])),
    reasons: Object.fromEntries(made.refusals.map(({ key, reason }) => [key, reason])),
    hubs: made.hubs.map(({ id }) => id),
    steps: made.steps.map((step) =>
      step.add === 'hub' ? step.hub.port : step.add === 'device' ? step.placement.port : '',
    ),
  };
}

const pinned = (
  key: string,
  controller: string | undefined,
  port: string | undefined,
  more: Partial<DeviceRequest> = {},
): DeviceRequest => device(key, 'full', { pin: { controller, port }, ...more });

describe('pins', () => {
  it.each(['x', 'x.0'])('a controller by the name %s: the device goes there', (name) => {
    expect(tried(request(vm(uhci(), xhci('x', 15)), [pinned('a', name, undefined)])).at).toEqual({ a: 'x.0 1' });
  });

  it('a port is fixed: it is kept for its device, and others go around it', () => {
    const two = [device('a', 'super'), device('b', 'high', { pin: { controller: 'x', port: '1' } })];
    expect(tried(request(vm(xhci('x', 2)), two)).at).toEqual({ a: 'x.0 2', b: 'x.0 1' });
  });

  it('a port without a controller: any controller that has it', () => {
    expect(tried(request(vm(uhci(), xhci('x', 15)), [pinned('a', undefined, '9')])).at).toEqual({ a: 'x.0 9' });
  });

  it.each([
    { port: '2.3', hubs: ['qplug-hub-x.0-2'] },
    { port: '2.3.1', hubs: ['qplug-hub-x.0-2', 'qplug-hub-x.0-2.3'] },
    { port: '1.1.1.1.1.1', hubs: ['1', '1.1', '1.1.1', '1.1.1.1', '1.1.1.1.1'].map((path) => `qplug-hub-x.0-${path}`) },
  ])('port $port behind hubs that are not there: they are added', ({ port, hubs }) => {
    const found = tried(request(vm(xhci('x', 4)), [pinned('a', 'x', port)]));
    expect(found.at).toEqual({ a: `x.0 ${port}` });
    expect(found.hubs).toEqual(hubs);
  });

  it.each([
    { what: 'a controller that is not there', controller: 'y', port: undefined, reason: 'pin-unknown' },
    { what: 'a port above the last', controller: 'x', port: '5', reason: 'pin-unknown' },
    { what: 'a port that is no port path', controller: 'x', port: '02', reason: 'pin-unknown' },
    { what: 'port 9 of a hub, which has eight', controller: 'x', port: '2.9', reason: 'pin-unknown' },
    { what: 'a port behind six hubs', controller: 'x', port: '1.1.1.1.1.1.1', reason: 'pin-unknown' },
    { what: 'a bare EHCI port for a full-speed device', controller: 'ehci', port: '3', reason: 'pin-mismatch' },
    { what: 'a port that is in use', controller: 'uhci', port: '1', reason: 'pin-taken' },
  ])('$what: refused, $reason', ({ controller, port, reason }) => {
    const topology = withDevice(vm(xhci('x', 4), ehci(), uhci()), 'uhci.0', {
      id: 'm',
      driver: 'usb-mouse',
      port: '1',
    });
    expect(tried(request(topology, [pinned('a', controller, port)])).reasons).toEqual({ a: reason });
  });

  it('hubs may not be added: a port behind one that is not there is unknown', () => {
    const asked = request(vm(xhci('x', 4)), [pinned('a', 'x', '2.3')], { growth: NOTHING });
    expect(tried(asked).reasons).toEqual({ a: 'pin-unknown' });
  });

  it('a full controller: the device that is pinned there is refused, the other goes elsewhere', () => {
    const topology = vm(xhci('x', 1, 0), ehci());
    const two = [
      device('a', 'high', { pin: { controller: 'x' } }),
      device('b', 'high', { pin: { controller: 'x' } }),
      device('c', 'high'),
    ];
    const found = tried(request(topology, two));
    expect(found.at).toEqual({ a: 'x.0 1', c: 'ehci.0 1' });
    expect(found.reasons).toEqual({ b: 'no-port' });
  });

  it('the same port twice: the first by key has it', () => {
    const two = [pinned('b', 'x', '1'), pinned('a', 'x', '1')];
    const found = tried(request(vm(xhci('x', 4)), two));
    expect(found).toMatchObject({ at: { a: 'x.0 1' }, reasons: { b: 'pin-taken' } });
  });

  it('the same port twice, one mandatory: that one has it', () => {
    const two = [pinned('a', 'x', '1'), pinned('b', 'x', '1', { mandatory: true })];
    expect(tried(request(vm(xhci('x', 4)), two)).at).toEqual({ b: 'x.0 1' });
  });
});

describe('hubs that were asked for', () => {
  it('a hub at a port, and a device pinned behind it: hub first, no other hub', () => {
    const pin = { controller: 'x', port: '2' };
    const found = tried(request(vm(xhci('x', 4)), [pinned('a', 'x', '2.4'), hub('h', { pin, hubPorts: 4 })]));
    expect(found).toMatchObject({ at: { h: 'x.0 2', a: 'x.0 2.4' }, hubs: [], steps: ['2', '2.4'] });
  });

  it('hub on hub, the farther one first by key: parents come first in the steps', () => {
    const two = [
      hub('a', { pin: { controller: 'x', port: '1.2' } }),
      hub('b', { pin: { controller: 'x', port: '1' } }),
    ];
    expect(tried(request(vm(xhci('x', 4)), two, { growth: NOTHING })).steps).toEqual(['1', '1.2']);
  });

  it('a port that its hub does not have: refused', () => {
    const pin = { controller: 'x', port: '2' };
    const found = tried(request(vm(xhci('x', 4)), [pinned('a', 'x', '2.4'), hub('h', { pin, hubPorts: 3 })]));
    expect(found.reasons).toEqual({ a: 'pin-unknown' });
  });

  it('without a pin: it takes the port of least worth', () => {
    expect(tried(request(vm(xhci('x', 4), uhci()), [hub('h')])).at).toEqual({ h: 'uhci.0 1' });
  });

  it('on a bare EHCI: refused', () => {
    expect(tried(request(vm(ehci()), [hub('h', { pin: { controller: 'ehci', port: '1' } })])).reasons).toEqual({
      h: 'pin-mismatch',
    });
    expect(tried(request(vm(ehci()), [hub('h')])).reasons).toEqual({ h: 'no-port' });
  });

  it('as the sixth of a chain: refused', () => {
    const deep = ['1', '1.1', '1.1.1', '1.1.1.1', '1.1.1.1.1'].reduce(
      (topology, port, i) => withHub(topology, 'x.0', { id: `h${i}`, port, ports: 1 }),
      vm(xhci('x', 1)),
    );
    expect(tried(request(deep, [hub('h')])).reasons).toEqual({ h: 'hub-too-deep' });
    expect(tried(request(deep, [device('a', 'full')])).at).toEqual({ a: 'x.0 1.1.1.1.1.1' });
  });
});

describe('VMs that somebody else started', () => {
  const portless: Partial<AttachedDevice> & { id: string; driver: string; port: undefined } = {
    id: 'their-mouse',
    driver: 'usb-mouse',
    port: undefined,
    megabits: 12,
  };

  it('a device whose port QEMU does not tell: ports that may be its are left alone, others of the bus are used', () => {
    const topology = withDevice(vm(xhci('x', 2, 4)), 'x.0', portless);
    const found = tried(request(topology, [device('a', 'super'), device('b', 'high')]));
    expect(found.at).toEqual({ a: 'x.0 3' });
  });

  it('a device behind a hub that was not seen: the hub port above it is in use', () => {
    const topology = withDevice(vm(uhci()), 'uhci.0', { id: 'k', driver: 'usb-kbd', port: '1.3' });
    expect(tried(request(topology, [device('a', 'full')], { growth: NOTHING })).at).toEqual({ a: 'uhci.0 2' });
  });

  it('a hub that QEMU added by itself: its ports are used', () => {
    const topology = withHub(vm(xhci('x', 4)), 'x.0', { id: 'auto', port: '4' });
    expect(tried(request(topology, [device('a', 'full')])).at).toEqual({ a: 'x.0 4.1' });
  });

  it('a controller of unknown model: nothing is planned onto it', () => {
    const known = vm(xhci('x', 4));
    const topology: Topology = { ...known, controllers: known.controllers.map((one) => ({ ...one, known: false })) };
    expect(tried(request(topology, [device('a', 'full')])).reasons).toEqual({ a: 'no-port' });
  });

  it('an id that the added hub would have is in use: it gets another', () => {
    const topology: Topology = { ...vm(xhci('x', 4)), ids: new Set(['qplug-hub-x.0-1']) };
    expect(tried(request(topology, [device('a', 'full')])).hubs).toEqual(['qplug-hub-x.0-1_2']);
  });
});
