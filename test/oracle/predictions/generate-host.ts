import type { StandInDevice } from '../harness/oracle-qemu.js';
import type { Random } from './random.js';

type Interface = StandInDevice['configurations'][number]['interfaces'][number];
type AltSetting = Interface['altSettings'][number];
type Endpoint = AltSetting['endpoints'][number];

/** 20 Gb/s is left out: QEMU reads past its table for it, and what comes of that is luck. */
const SPEEDS = [
  [1, 'unknown'],
  [2, 'low'],
  [3, 'full'],
  [6, 'high'],
  [8, 'super'],
  [3, 'super-plus'],
] as const satisfies readonly (readonly [number, StandInDevice['speed']])[];

/** The limits for interrupt endpoints are 64 and 1024; bits 11 and 12 of the field are additional transactions. */
const PACKET_SIZES = [0, 8, 63, 64, 64, 65, 512, 1024, 1024, 1025, 0x0800 | 64, 0x1400];
const SMALL = 8;

const SCSI = { class: 8, subclass: 6 };

/** @returns the devices of a host: descriptors of every speed and kind, each at an address of its own */
export function hostDevices(random: Random, count: number): StandInDevice[] {
  return Array.from({ length: count }, (_, i) => hostDevice(random, i));
}

const one = (type: Endpoint['type'], maxPacketSize: number, streams = 0): Endpoint => ({
  address: 0x81,
  type,
  maxPacketSize,
  streams,
});
const setting = (kind: readonly [number, number, number], ...endpoints: Endpoint[]): AltSetting => ({
  class: kind[0],
  subclass: kind[1],
  protocol: kind[2],
  endpoints,
});
const BULK_ONLY = setting([8, 6, 0x50], one('bulk', 1024));
const UAS = setting([8, 6, 0x62], one('bulk', 1024, 4));
const VENDOR = [255, 0, 0] as const;

/** Devices as they exist, or at a limit of the rule. */
const TYPICAL: readonly { speed: StandInDevice['speed']; altSettings: readonly AltSetting[] }[] = [
  { speed: 'low', altSettings: [setting([3, 1, 1], one('interrupt', 8))] },
  { speed: 'full', altSettings: [setting([1, 2, 0], one('isochronous', 192))] },
  { speed: 'high', altSettings: [setting([14, 2, 0]), setting([14, 2, 0], one('isochronous', 1024))] },
  { speed: 'high', altSettings: [setting(VENDOR, one('interrupt', 64))] },
  { speed: 'high', altSettings: [setting(VENDOR, one('interrupt', 65))] },
  { speed: 'super', altSettings: [BULK_ONLY, UAS] },
  { speed: 'super', altSettings: [UAS, setting(VENDOR, one('isochronous', 64))] },
  { speed: 'super', altSettings: [setting(VENDOR, one('bulk', 1024, 4)), BULK_ONLY] },
  { speed: 'super', altSettings: [setting(VENDOR, one('interrupt', 64))] },
  { speed: 'super', altSettings: [setting(VENDOR, one('interrupt', 1024))] },
  { speed: 'super', altSettings: [setting(VENDOR, one('interrupt', 1025))] },
  { speed: 'super', altSettings: [setting([14, 2, 0], one('isochronous', 1024))] },
  { speed: 'super-plus', altSettings: [BULK_ONLY, UAS] },
];

function hostDevice(random: Random, i: number): StandInDevice {
  const typical = random.chance(0.5) ? random.pick(TYPICAL) : undefined;
  return {
    bus: random.int(1, 2),
    address: i + 2,
    port: String(i + 1),
    speed: typical?.speed ?? random.weighted(SPEEDS),
    vendorId: 0x1000 + i,
    productId: random.int(1, 0xffff),
    name: random.weighted([
      [8, `Device ${i}`],
      [1, ''],
      // A name can look like the rest of a line of QEMU's list.
      [1, `x, ID: forged${i}`],
      [1, `two\nlines ${i}`],
    ]),
    ...(random.chance(0.06) ? { openError: random.pick([-3, -4, -6]) } : {}),
    configurations:
      typical === undefined
        ? some(random, [8, 2, 1], () => ({ interfaces: some(random, [6, 3, 2], () => oneInterface(random)) }))
        : [{ interfaces: [{ altSettings: typical.altSettings }] }],
  };
}

/** One, two or three, as the weights say. */
function some<T>(random: Random, weights: readonly number[], make: () => T): T[] {
  const count = random.weighted(weights.map((weight, i) => [weight, i + 1] as const));
  return Array.from({ length: count }, make);
}

function oneInterface(random: Random): Interface {
  // Whatever prevents slower speeds is rare, or else almost no device would have them.
  const kind = random.weighted([
    [5, 'bulk'],
    [3, 'interrupt'],
    [4, 'storage'],
    [2, 'mixed'],
    [1, 'none'],
  ] as const);
  const altSettings = some(random, [6, 3, 2], (): AltSetting => {
    const storage = kind === 'storage' ? random.chance(0.7) : random.chance(0.03);
    return {
      ...(storage ? SCSI : { class: random.pick([3, 8, 0xff, 1, 14]), subclass: random.pick([0, 1, 6]) }),
      protocol: random.pick([0, 0x50, 0x62]),
      endpoints: Array.from({ length: kind === 'none' ? 0 : random.int(0, 3) }, (_, e) => endpoint(random, kind, e)),
    };
  });
  return { altSettings };
}

function endpoint(random: Random, kind: 'bulk' | 'interrupt' | 'storage' | 'mixed' | 'none', index: number): Endpoint {
  const type = random.weighted<Endpoint['type']>(
    kind === 'mixed'
      ? [
          [2, 'bulk'],
          [2, 'interrupt'],
          [1, 'isochronous'],
          [1, 'control'],
        ]
      : [
          [12, kind === 'interrupt' ? 'interrupt' : 'bulk'],
          [1, 'interrupt'],
        ],
  );
  const streams = type === 'bulk' && random.chance(kind === 'storage' ? 0.6 : 0.12) ? random.int(1, 16) : 0;
  return {
    address: (index + 1) | (random.chance(0.5) ? 0x80 : 0),
    type,
    // The largest decides, so most are small, beside one large one.
    maxPacketSize:
      type === 'bulk'
        ? random.pick([64, 512, 1024])
        : index > 0 && random.chance(0.8)
          ? SMALL
          : random.pick(PACKET_SIZES),
    streams,
  };
}
