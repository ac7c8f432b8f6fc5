import { describe, expect, test } from 'vitest';
import type { HostDevice } from '../../../../src/host/index.js';
import type { Placement } from '../../../../src/planner/index.js';
import type { PlaceRecord } from '../../../../src/registry/index.js';
import { type PlacesNow, placesAfter } from '../../../../src/vm/plan/remember-places.js';
import type { Wanted } from '../../../../src/vm/plan/wanted.js';
import { inventoryOf, recording } from '../../host/recordings.js';

const [stick, other, third] = inventoryOf(recording('six-devices')).devices as [HostDevice, HostDevice, HostDevice];

const wanted = (id: string, hostDevice: HostDevice | undefined, select?: string): Wanted =>
  ({ id, label: id, hostDevice, select, request: {}, spell: () => ({}) }) as unknown as Wanted;
const placed = (key: string, port: string): Placement =>
  ({ key, label: key, bus: 'x.0', port, speed: 'full', native: 'full', candidates: [] }) as Placement;
const ports = ({ devices }: PlaceRecord): string[] => devices.map(({ label, port }) => `${label} ${port}`);

const started: PlacesNow = {
  vm: 'bench',
  placements: [placed('a', '1'), placed('b', '2'), placed('tablet', '3')],
  wanted: [wanted('a', stick, 'sel-a'), wanted('b', other, 'sel-b'), wanted('tablet', undefined)],
  controllers: [
    { id: 'x', model: 'qemu-xhci', pciBus: 'pcie.0', address: '10.0' },
    { id: 'board', model: 'qemu-xhci' },
  ],
  selectors: ['sel-a', 'sel-b'],
};

describe('what is remembered', () => {
  test('of a start: every device with its line, and controllers with an address', () => {
    const record = placesAfter(undefined, started);
    expect(ports(record)).toEqual(['a 1', 'b 2', 'tablet 3']);
    expect(record.devices.map(({ select }) => select)).toEqual(['sel-a', 'sel-b', undefined]);
    expect(record.controllers).toEqual([{ id: 'x', model: 'qemu-xhci', pciBus: 'pcie.0', address: '10.0' }]);
  });

  test('of a start without one of them: its place stays, until its line is gone', () => {
    const first = placesAfter(undefined, started);
    const away = { ...started, placements: [placed('a', '1')], wanted: [wanted('a', stick, 'sel-a')] };
    const second = placesAfter(first, away);
    expect(ports(second)).toEqual(['b 2', 'a 1']);
    expect(ports(placesAfter(second, { ...away, selectors: ['sel-a'] }))).toEqual(['a 1']);
  });

  test('of an attach: one device more, the others as they were; again at another port: the new one', () => {
    const first = placesAfter(undefined, started);
    const attach = (port: string): PlacesNow => ({
      vm: 'bench',
      placements: [placed('c', port)],
      wanted: [wanted('c', third)],
    });
    const second = placesAfter(first, attach('4'));
    expect(ports(second)).toEqual(['a 1', 'b 2', 'tablet 3', 'c 4']);
    expect(second.controllers).toEqual(first.controllers);
    expect(ports(placesAfter(second, attach('5')))).toEqual(['a 1', 'b 2', 'tablet 3', 'c 5']);
  });

  test('another device that the same line means now takes its place over', () => {
    const first = placesAfter(undefined, started);
    const swapped = { ...started, placements: [placed('a2', '1')], wanted: [wanted('a2', third, 'sel-a')] };
    expect(ports(placesAfter(first, swapped))).toEqual(['b 2', 'a2 1']);
  });

  test('of devices that no file names, the latest 64', () => {
    let record = placesAfter(undefined, started);
    for (let i = 0; i < 70; i += 1) {
      const host = { ...third, chain: [i + 1] };
      record = placesAfter(record, {
        vm: 'bench',
        placements: [placed(`n${i}`, `${i}`)],
        wanted: [wanted(`n${i}`, host)],
      });
    }
    const unnamed = record.devices.filter(({ select, who }) => select === undefined && !('id' in who));
    expect(unnamed.length).toBeLessThanOrEqual(65);
    expect(unnamed.at(-1)?.label).toBe('n69');
    expect(ports(record)).toContain('a 1');
  });
});
