import fc from 'fast-check';
import pico from 'picocolors';
import { describe, expect, test } from 'vitest';
import { renderPlan } from '../../../../src/cli/render/plan.js';
import { plan } from '../../../../src/planner/index.js';
import { FULL, HIGH, predictControllers, SUPER } from '../../../../src/qdev/index.js';
import { attached, world } from '../../view/topologies.js';
import { dangerous } from './dangerous.js';

const uncolored = pico.createColors(false);
const plain = { outColors: uncolored, errColors: uncolored, columns: undefined, errColumns: undefined };
const painted = { outColors: pico.createColors(true), columns: undefined };

describe('a plan', () => {
  const free = world([]);
  const request = { mandatory: true, slower: 'allow' as const, native: 'super' as const, mask: SUPER | HIGH | FULL };

  test('names what is placed, what is added, what is slower and what has no place', () => {
    const small = { ...free, controllers: predictControllers([{ id: 'uhci', model: 'piix3-usb-uhci' }]) };
    const devices = [
      { key: 'a', id: 'a', label: 'card', ...request },
      ...['b', 'c'].map((key) => ({ key, id: key, label: key, ...request, native: 'full' as const, mask: FULL })),
      { key: 'd', id: 'd', label: 'disk', ...request, slower: 'refuse' as const },
    ];
    const made = plan({ topology: small, growth: { hubs: true, controllers: [] }, devices });
    const text = renderPlan(made, plain);
    expect(text).toMatch(/12M +card +slower: it can do 5G/);
    expect(text).toMatch(/hub, \d ports, will be added/);
    expect(text).toContain('no place: disk');
  });

  test('says what a hub is for, where ports are free that it spares', () => {
    const small = { ...free, controllers: predictControllers([{ id: 'x', model: 'qemu-xhci', p2: 4, p3: 4 }]) };
    const slow = (key: string) => ({ key, id: key, label: key, ...request, native: 'full' as const, mask: FULL });
    const planned = (reserve: number, keys: string[]) =>
      renderPlan(
        plan({ topology: small, growth: { hubs: true, controllers: [] }, devices: keys.map(slow), reserve }),
        plain,
      );
    expect(planned(4, ['a'])).toContain('hub, 8 ports, will be added, keeps fast ports free');
    expect(planned(0, ['a', 'b', 'c', 'd', 'e'])).toMatch(/hub, 8 ports, will be added {2}qplug/);
  });

  test('names the controllers that it adds', () => {
    const none = { ...free, controllers: [] };
    const controllers = [{ id: 'more', model: 'qemu-xhci' as const, pciBus: 'pci.0' }];
    const devices = [{ key: 'a', id: 'a', label: 'card', ...request }];
    const made = plan({ topology: none, growth: { hubs: false, controllers }, devices });
    expect(renderPlan(made, plain)).toContain('controller more (qemu-xhci) will be added on PCI bus pci.0');
  });

  test('with any strings in the VM sends nothing raw to the terminal', () => {
    const string = fc.string({ unit: 'binary', minLength: 1 });
    fc.assert(
      fc.property(string, string, string, (id, product, driver) => {
        const topology = world(
          [attached({ id, product, driver }), attached({ port: undefined, driver, product: undefined })],
          { id, model: driver },
        );
        const made = plan({ topology, growth: { hubs: false, controllers: [] }, devices: [] });
        expect(dangerous(renderPlan(made, plain))).toEqual([]);
        expect(dangerous(renderPlan(made, { ...painted, columns: 50 }))).toEqual([]);
      }),
    );
  });
});
