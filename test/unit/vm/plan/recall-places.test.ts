import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HostDevice } from '../../../../src/host/index.js';
import type { RememberedDevice } from '../../../../src/registry/index.js';
import { recallPlaces } from '../../../../src/vm/plan/recall-places.js';
import { inventoryOf, recording } from '../../host/recordings.js';

const [stick, other] = inventoryOf(recording('six-devices')).devices as [HostDevice, HostDevice];

const was = (device: HostDevice, port: string, more: Partial<RememberedDevice> = {}): RememberedDevice => {
  const { controller, chain, vendorId, productId, serial } = device;
  return { who: { controller, chain, vendorId, productId, serial }, label: `label ${port}`, bus: 'x.0', port, ...more };
};
const moved = (device: HostDevice): HostDevice => ({ ...device, chain: [9, 9], controller: 'elsewhere' });
const without = (device: HostDevice): HostDevice => ({ ...device, serial: undefined });
const homeOf = (remembered: RememberedDevice[], hostDevice: HostDevice, select?: string) =>
  recallPlaces(remembered, [{ key: 'k', hostDevice, select }], []).homes.get('k')?.port;

describe('a host device is known again', () => {
  test.each<[string, RememberedDevice[], HostDevice, string | undefined, string | undefined]>([
    ['where it was', [was(stick, '3')], stick, undefined, '3'],
    [
      'by its serial in another connector',
      [was({ ...stick, serial: 'S' }, '3')],
      moved({ ...stick, serial: 'S' }),
      undefined,
      '3',
    ],
    [
      'by its serial, though another sits where it was',
      [was({ ...moved(stick), serial: 'S' }, '3'), was({ ...stick, serial: 'T' }, '4')],
      { ...stick, serial: 'S' },
      undefined,
      '3',
    ],
    [
      'by its line of the file before its connector',
      [was(without(stick), '3', { select: 'a' }), was(without(other), '4', { select: 'b' })],
      { ...moved(without(stick)), chain: other.chain, controller: other.controller },
      'a',
      '3',
    ],
    [
      'by its connector, in its boot loader',
      [was(stick, '3')],
      { ...stick, productId: 1, serial: undefined },
      undefined,
      '3',
    ],
    [
      'as the only one of its kind, in another connector',
      [was(without(stick), '3')],
      moved(without(stick)),
      undefined,
      '3',
    ],
    [
      'not by its kind when its serial is another',
      [was({ ...stick, serial: 'S' }, '3')],
      moved({ ...stick, serial: 'T' }),
      undefined,
      undefined,
    ],
    ['not when it is another device elsewhere', [was(stick, '3')], moved(other), undefined, undefined],
    ['by the latest of two memories', [was(stick, '3'), was(stick, '5')], stick, undefined, '5'],
  ])('%s', (_, remembered, host, select, port) => {
    expect(homeOf(remembered, host, select)).toBe(port);
  });

  test('an emulated device by its id alone', () => {
    const remembered: RememberedDevice[] = [{ who: { id: 'tablet' }, label: 'tablet', bus: 'x.0', port: '2.1' }];
    const { homes } = recallPlaces(
      remembered,
      [
        { key: 'tablet', id: 'tablet' },
        { key: 'kbd', id: 'kbd' },
      ],
      [],
    );
    expect([...homes]).toEqual([['tablet', { bus: 'x.0', port: '2.1' }]]);
  });

  test('a place is one device’s: twins get one each, whoever comes first', () => {
    const twins = [without(stick), moved(without(stick))] as const;
    const remembered = [was(twins[0], '1'), was(twins[1], '2')];
    for (const order of [
      [0, 1],
      [1, 0],
    ] as const) {
      const devices = order.map((i) => ({ key: `${i}`, hostDevice: twins[i] }));
      const { homes } = recallPlaces(remembered, devices, []);
      expect([homes.get('0')?.port, homes.get('1')?.port]).toEqual(['1', '2']);
    }
  });
});

describe('the port of a device that is away', () => {
  test('is kept while a line of the file means it, and nobody else is taken for it', () => {
    const remembered = [was(stick, '1', { select: 'a' }), was(other, '2', { select: 'b' }), was(moved(other), '3')];
    expect(recallPlaces(remembered, [{ key: 'k', hostDevice: stick, select: 'a' }], ['b']).kept).toEqual([
      { bus: 'x.0', port: '2', label: 'label 2' },
    ]);
    expect(recallPlaces(remembered, [], []).kept).toEqual([]);
  });

  test('no place is given twice, whatever is remembered', () => {
    const hosts = inventoryOf(recording('six-devices')).devices;
    const device = fc.constantFrom(...hosts);
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ device, port: fc.nat(9), select: fc.option(fc.constantFrom('a', 'b'), { nil: undefined }) }),
        ),
        fc.array(device),
        fc.subarray(['a', 'b']),
        (memories, present, away) => {
          const remembered = memories.map((one, i) => was(one.device, `${i}.${one.port}`, { select: one.select }));
          const devices = present.map((hostDevice, i) => ({ key: `${i}`, hostDevice }));
          const { homes, kept } = recallPlaces(remembered, devices, away);
          const ports = [...homes.values(), ...kept].map(({ port }) => port);
          expect(new Set(ports).size).toBe(ports.length);
        },
      ),
    );
  });
});

test('what a kept port is kept for is safe to print, whoever wrote it down', () => {
  const remembered = [was(stick, '3', { select: 'a', label: '\x1b[2Jstick' })];
  expect(recallPlaces(remembered, [], ['a']).kept).toEqual([{ bus: 'x.0', port: '3', label: '\\x1b[2Jstick' }]);
});
