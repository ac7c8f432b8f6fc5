import { describe, expect, test } from 'vitest';
import { inferSpeed } from '../../../../../src/host/file/lsusb/lsusb-speed.js';
import type { HostConfiguration, HostEndpoint } from '../../../../../src/host/index.js';

const WITH = (type: HostEndpoint['type'], ...sizes: readonly number[]): readonly HostConfiguration[] => [
  {
    value: 1,
    interfaces: [
      {
        number: 0,
        altSettings: sizes.map((maxPacketSize, number) => ({
          number,
          class: 255,
          subclass: 0,
          protocol: 0,
          endpoints: [{ address: 0x81, type, maxPacketSize, streams: 0 }],
        })),
      },
    ],
  },
];
const at64 = (configurations: readonly HostConfiguration[], version = 2): number | undefined =>
  inferSpeed({ packets: 64, version, configurations });

describe('a speed follows from descriptors only where these leave one alone', () => {
  test.each<[what: string, configurations: readonly HostConfiguration[], megabits: number | undefined]>([
    ['no endpoint', [], undefined],
    ['isochronous, 1023 bytes', WITH('isochronous', 0, 1023), undefined],
    ['isochronous, 1024 bytes', WITH('isochronous', 0, 1024), 480],
    ['isochronous, two transactions of 800 bytes', WITH('isochronous', 0, 0x0b20), 480],
    ['isochronous, three transactions of 64 bytes', WITH('isochronous', 0x1040), 480],
    ['interrupt, 64 bytes', WITH('interrupt', 64), undefined],
    ['interrupt, 65 bytes in another setting', WITH('interrupt', 8, 65), 480],
    ['interrupt, two transactions of 8 bytes', WITH('interrupt', 0x0808), 480],
    ['bulk, 512 bytes', WITH('bulk', 512), 480],
    ['bulk, 64 bytes', WITH('bulk', 64), undefined],
    ['bulk, 8, 16 and 32 bytes', WITH('bulk', 8, 16, 32), undefined],
    ['bulk, 64 and 512 bytes', WITH('bulk', 64, 512), 480],
    ['control, 512 bytes', WITH('control', 512), undefined],
  ])('%s', (_, configurations, megabits) => {
    for (const version of [1.1, 2, 2.1, 3.2]) expect(at64(configurations, version)).toBe(megabits);
  });

  test('what contradicts itself tells nothing', () => {
    expect(inferSpeed({ packets: 8, version: 2, configurations: WITH('isochronous', 1024) })).toBeUndefined();
  });

  test('without bMaxPacketSize0, a version below 3 is no SuperSpeed, and any other may be', () => {
    const bulk = WITH('bulk', 512);
    expect(inferSpeed({ packets: undefined, version: 2.1, configurations: bulk })).toBe(480);
    expect(inferSpeed({ packets: undefined, version: 3, configurations: bulk })).toBeUndefined();
    expect(inferSpeed({ packets: undefined, version: undefined, configurations: bulk })).toBeUndefined();
  });
});
