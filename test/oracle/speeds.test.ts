import { describe, expect, test } from 'vitest';
import { RELEASES } from '../../scripts/qemu-releases.mjs';
import { atLeast } from '../../src/qdev/index.js';
import { OracleQemu, type StandInDevice } from './harness/oracle-qemu.js';

type Endpoint =
  StandInDevice['configurations'][number]['interfaces'][number]['altSettings'][number]['endpoints'][number];
type Setting = StandInDevice['configurations'][number]['interfaces'][number]['altSettings'][number];

const endpoint = (type: Endpoint['type'], maxPacketSize: number, streams = 0): Endpoint => ({
  address: 0x81,
  type,
  maxPacketSize,
  streams,
});
const setting = (kind: readonly [number, number, number], ...endpoints: Endpoint[]): Setting => ({
  class: kind[0],
  subclass: kind[1],
  protocol: kind[2],
  endpoints,
});
const VENDOR = [255, 0, 0] as const;
const KEYBOARD = [3, 1, 1] as const;
const SCSI = [8, 6, 0x50] as const;
const UAS = [8, 6, 0x62] as const;

/** Port kinds, in the order of the table's columns, and where each is in the VM below. */
const PLACES = [
  ['xHCI, USB 2 and 3', 'x.0', '1'],
  ['xHCI, SuperSpeed alone', 'ss.0', '2'],
  ['xHCI, USB 2 alone', 'u2.0', '2'],
  ['bare EHCI', 'e.0', '1'],
  ['UHCI', 'u.0', '1'],
  ['a hub', 'x.0', '2.1'],
  ['EHCI with companions', 'i.0', '1'],
] as const;

const CONTROLLERS = [
  ...['qemu-xhci,id=x,p2=2,p3=2', 'qemu-xhci,id=ss,p2=1,p3=2', 'qemu-xhci,id=u2,p2=2,p3=1'],
  ...['usb-ehci,id=e', 'piix3-usb-uhci,id=u'],
  'ich9-usb-ehci1,id=i,addr=1d.7,multifunction=on',
  ...[0, 1, 2].map((n) => `ich9-usb-uhci${n + 1},masterbus=i.0,firstport=${2 * n},addr=1d.${n},multifunction=on`),
  'usb-hub,bus=x.0,port=2',
].flatMap((device) => ['-device', device]);

/** The Mb/s at which QEMU attaches a device, at each place; `-`: refused. */
const LOW = '1.5 - 1.5 - 1.5 1.5 1.5';
const FULL = '12 - 12 - 12 12 12';
const HIGH = '480 - 480 480 12 12 480';
const HIGH_ONLY = '480 - 480 480 - - 480';
const SUPER = '5000 5000 480 480 12 12 480';
const SUPER_HIGH = '5000 5000 480 480 - - 480';
const SUPER_ONLY = '5000 5000 - - - - -';
const NOWHERE = '- - - - - - -';

interface Row {
  readonly what: string;
  readonly speed: StandInDevice['speed'];
  readonly settings: readonly Setting[];
  readonly at: string;
  /** Speeds that differ before this version. */
  readonly before?: readonly [major: number, minor: number, at: string];
}

const ROWS: readonly Row[] = [
  { what: 'a low-speed keyboard', speed: 'low', settings: [setting(KEYBOARD, endpoint('interrupt', 8))], at: LOW },
  { what: 'a full-speed serial line', speed: 'full', settings: [setting(VENDOR, endpoint('bulk', 64))], at: FULL },
  {
    what: 'full-speed audio',
    speed: 'full',
    settings: [setting([1, 2, 0]), setting([1, 2, 0], endpoint('isochronous', 192))],
    at: FULL,
  },
  { what: 'high-speed bulk', speed: 'high', settings: [setting(VENDOR, endpoint('bulk', 512))], at: HIGH },
  {
    what: 'high speed with an interrupt endpoint of 64 bytes',
    speed: 'high',
    settings: [setting(VENDOR, endpoint('interrupt', 64))],
    at: HIGH,
  },
  { what: 'a high-speed stick', speed: 'high', settings: [setting(SCSI, endpoint('bulk', 512))], at: HIGH },
  {
    what: 'high speed with an interrupt endpoint of 65 bytes',
    speed: 'high',
    settings: [setting(VENDOR, endpoint('interrupt', 65))],
    at: HIGH_ONLY,
  },
  {
    what: 'high speed with an interrupt endpoint of 3 × 1024 bytes',
    speed: 'high',
    settings: [setting(VENDOR, endpoint('interrupt', 0x1400))],
    at: HIGH_ONLY,
  },
  {
    what: 'a high-speed camera',
    speed: 'high',
    settings: [setting([14, 2, 0]), setting([14, 2, 0], endpoint('isochronous', 1024))],
    at: HIGH_ONLY,
  },
  { what: 'SuperSpeed bulk', speed: 'super', settings: [setting(VENDOR, endpoint('bulk', 1024))], at: SUPER },
  {
    what: 'SuperSpeed with an interrupt endpoint of 64 bytes',
    speed: 'super',
    settings: [setting(VENDOR, endpoint('interrupt', 64))],
    at: SUPER,
  },
  {
    what: 'a SuperSpeed UAS stick',
    speed: 'super',
    settings: [setting(SCSI, endpoint('bulk', 1024)), setting(UAS, endpoint('bulk', 1024, 4))],
    at: SUPER,
    before: [6, 1, SUPER_ONLY],
  },
  {
    what: '10 Gb/s bulk',
    speed: 'super-plus',
    settings: [setting(VENDOR, endpoint('bulk', 1024))],
    at: SUPER,
    before: [6, 0, NOWHERE],
  },
  {
    what: 'SuperSpeed with an interrupt endpoint of 65 bytes',
    speed: 'super',
    settings: [setting(VENDOR, endpoint('interrupt', 65))],
    at: SUPER_HIGH,
  },
  {
    what: 'SuperSpeed with an interrupt endpoint of 1024 bytes',
    speed: 'super',
    settings: [setting(VENDOR, endpoint('interrupt', 1024))],
    at: SUPER_HIGH,
  },
  {
    what: 'SuperSpeed with an interrupt endpoint of 2 × 1024 bytes',
    speed: 'super',
    settings: [setting(VENDOR, endpoint('interrupt', 0x0c00))],
    at: SUPER_ONLY,
  },
  {
    what: 'a SuperSpeed camera',
    speed: 'super',
    settings: [setting([14, 2, 0], endpoint('isochronous', 1024))],
    at: SUPER_ONLY,
  },
  {
    what: 'bulk streams of another class',
    speed: 'super',
    settings: [setting(VENDOR, endpoint('bulk', 1024, 4))],
    at: SUPER_ONLY,
  },
  { what: 'a device of unknown speed', speed: 'unknown', settings: [setting(VENDOR, endpoint('bulk', 512))], at: LOW },
];

/** A device of its own for each place, so that QEMU opens none twice. */
const addressOf = (row: number, place: number) => ({ bus: row + 1, address: place + 1 });

const host: StandInDevice[] = ROWS.flatMap(({ speed, settings }, row) =>
  PLACES.map((_, place) => ({
    ...addressOf(row, place),
    port: String(place + 1),
    speed,
    vendorId: 0x1209,
    productId: row,
    configurations: [{ interfaces: [{ altSettings: settings }] }],
  })),
);

describe.each(RELEASES)('usb-host of QEMU $name: a device of a kind on a port of a kind', ({ name: release }) => {
  test('is attached at the speed that the table says, or refused', async () => {
    await using qemu = await OracleQemu.start({ release, args: ['-machine', 'q35', ...CONTROLLERS], host });
    const told: Record<string, string> = {};
    for (const [row, { what }] of ROWS.entries()) {
      const ids = PLACES.map((_, place) => `d${row}-${place}`);
      const replies = await Promise.all(
        PLACES.map(([, bus, port], place) => {
          const { bus: hostbus, address: hostaddr } = addressOf(row, place);
          return qemu.ask('device_add', { driver: 'usb-host', id: ids[place], bus, port, hostbus, hostaddr });
        }),
      );
      const { controllers } = await qemu.observe();
      const devices = new Map(controllers.flatMap((one) => one.devices.map((device) => [device.id, device])));
      const cells = replies.map((reply, place) => {
        if ('error' in reply) {
          const { bus, address } = addressOf(row, place);
          expect(reply.error.desc).toBe(`failed to open host usb device ${bus}:${address}`);
          return '-';
        }
        const device = devices.get(ids[place]);
        expect(device).toMatchObject({ port: PLACES[place]?.[2], attached: true });
        return String(device?.megabits);
      });
      told[what] = cells.join(' ');
      await qemu.remove(...ids.filter((_, place) => 'ok' in (replies[place] as object)));
    }
    const expected = ROWS.map(({ what, at, before }) => [
      what,
      before !== undefined && !atLeast(qemu.version, before[0], before[1]) ? before[2] : at,
    ]);
    expect(told).toEqual(Object.fromEntries(expected));
  });
});
