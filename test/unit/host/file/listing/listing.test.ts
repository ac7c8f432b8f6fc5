import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rawPacketSize } from '../../../../../src/host/file/listing/packet-size.js';
import { hostDeviceSpeeds } from '../../../../../src/qdev/index.js';
import { all, decode, deviceAt, fixture, lineFindings } from '../fixtures.js';

const V10 = { major: 10, minor: 0, micro: 0 };
const V60 = { major: 6, minor: 0, micro: 0 };

describe('a listing of 2000', () => {
  const host = decode(fixture('linux-2.2-scanner.txt'));

  test('has its devices without blank lines between, with their places', () => {
    expect(
      all(host).map(({ port, megabits, name, interfaces }) => [port, megabits, name, interfaces[0]?.driver]),
    ).toEqual([
      ['usb1', 12, 'USB UHCI Root Hub', 'hub'],
      ['1-1', 12, 'EPSON Perfection1640', undefined],
      ['1-2', 1.5, 'Cypress Sem. Cypress USB Mouse', 'hid'],
    ]);
    expect(lineFindings(host)).toEqual([]);
  });

  test('an I/O address is no host controller, and that is said', () => {
    expect(host.devices.map(({ controller }) => controller)).toEqual(['unknown', 'unknown']);
    expect(host.findings).toMatchObject([{ code: 'host-file-untold', evidence: { untold: ['controllers'] } }]);
  });

  test('a device has ids, endpoints and a node', () => {
    expect(deviceAt(host, '1-1')).toMatchObject({
      bus: 1,
      address: 2,
      chain: [1],
      vendorId: 0x04b8,
      productId: 0x010a,
      manufacturer: 'EPSON',
      serial: undefined,
      class: 255,
      classes: [255],
      node: '/dev/bus/usb/001/002',
      access: 'unknown',
      configurations: [
        {
          value: 1,
          interfaces: [
            {
              number: 0,
              altSettings: [
                {
                  number: 0,
                  class: 255,
                  endpoints: [
                    { address: 0x81, type: 'bulk', maxPacketSize: 64, streams: 0 },
                    { address: 2, type: 'bulk', maxPacketSize: 64, streams: 0 },
                  ],
                },
              ],
            },
          ],
        },
      ],
    });
  });
});

describe('a laptop under Linux 3.16', () => {
  const host = decode(fixture('linux-3.16-laptop.txt'));

  test('has controllers, hubs and devices where they are', () => {
    expect(all(host).map(({ port, controller, isHub }) => `${port} ${controller} ${isHub}`)).toEqual([
      'usb2 0000:00:1d.0 true',
      '2-1 0000:00:1d.0 true',
      'usb3 0000:00:14.0 true',
      'usb4 0000:00:14.0 true',
      '3-3 0000:00:14.0 false',
      '3-6 0000:00:14.0 false',
      '3-8 0000:00:14.0 false',
    ]);
    expect(lineFindings(host)).toEqual([]);
  });

  test('the drivers are those of the settings in use', () => {
    expect(deviceAt(host, '3-6').interfaces).toEqual([
      { name: '3-6:1.0', number: 0, class: 1, driver: 'snd-usb-audio' },
      { name: '3-6:1.1', number: 1, class: 1, driver: 'snd-usb-audio' },
      { name: '3-6:1.2', number: 2, class: 1, driver: 'snd-usb-audio' },
      { name: '3-6:1.3', number: 3, class: 3, driver: 'usbhid' },
    ]);
    expect(deviceAt(host, 'usb3').interfaces[0]?.name).toBe('3-0:1.0');
  });

  test('the class is that of the setting in use, not of the first', () => {
    const text = fixture('linux-3.16-laptop.txt').toString();
    const other = text.replace('If#= 1 Alt= 1 #EPs= 2 Cls=01(audio)', 'If#= 1 Alt= 1 #EPs= 2 Cls=fe(app. )');
    expect(deviceAt(decode(other), '3-6').interfaces[1]).toMatchObject({ number: 1, class: 0xfe });
  });

  test('all settings of the camera count: it runs at its own speed alone', () => {
    const camera = deviceAt(host, '3-8');
    const sizes = camera.configurations[0]?.interfaces[1]?.altSettings.flatMap((one) => one.endpoints);
    expect(sizes?.map((one) => one.maxPacketSize.toString(16))).toEqual('80 200 400 b00 c00 1380 1400'.split(' '));
    expect(hostDeviceSpeeds(camera, V10)).toEqual({ mask: 4, native: 'high' });
    expect(camera.findings).toEqual([]);
  });
});

describe('usb-devices', () => {
  test('of 2011 has no endpoints: its devices are planned at their own speed, and that is noted of each that has a choice', () => {
    const host = decode(fixture('usb-devices-001.txt'));
    expect(host.devices.map(({ port, findings }) => [port, findings.map(({ code }) => code).join()])).toEqual([
      ['1-2.2', 'device-partly-told'],
      ['1-2.3', 'device-partly-told'],
      ['2-1', ''],
    ]);
    expect(hostDeviceSpeeds(deviceAt(host, '1-2.3'), V10)).toEqual({ mask: 4, native: 'high' });
    expect(lineFindings(host)).toEqual([]);
  });

  test('of 2020 writes interface numbers as 0x0', () => {
    const host = decode(fixture('usb-devices-012.txt'));
    expect(lineFindings(host)).toEqual([]);
    expect(deviceAt(host, '7-3.1')).toMatchObject({
      megabits: 1.5,
      product: 'Microsoft Trackball Optical®',
      classes: [3],
    });
    expect(deviceAt(host, '8-2')).toMatchObject({ megabits: 10000, interfaces: [{ number: 0, driver: 'uas' }] });
  });

  test('014 names the wrong parents: the order tells the place', () => {
    const host = decode(fixture('lab-usb-devices.txt'));
    expect(fixture('lab-usb-devices.txt').toString()).toContain('Bus=01 Lev=01 Prnt=02 Port=03');
    expect(host.devices.map(({ port }) => port)).toEqual(['1-2', '1-4', '2-1', '3-1', '4-1', '4-2']);
    expect(lineFindings(host)).toEqual([]);
  });

  test('shows the settings in use alone: no slower speed is promised but to SCSI disks, and to these by QEMU 6.1', () => {
    const host = decode(fixture('lab-usb-devices.txt'));
    const masks = (version: typeof V10) =>
      ['1-2', '2-1', '3-1'].map((port) => {
        const speeds = hostDeviceSpeeds(deviceAt(host, port), version);
        return 'mask' in speeds ? speeds.mask : 0;
      });
    expect(masks(V10)).toEqual([4, 14, 6]);
    expect(masks(V60)).toEqual([4, 8, 4]);
    expect(host.devices.flatMap(({ findings }) => findings).map(({ evidence }) => evidence)).toMatchObject([
      { device: '1-2', gap: 'settings', only: 'always' },
      { device: '2-1', gap: 'settings', only: 'before-6.1' },
      { device: '3-1', gap: 'settings', only: 'before-6.1' },
    ]);
  });
});

test('what a mail quotes is read through its marks; a device at a root hub needs no root hub there', () => {
  const host = decode(fixture('quoted-mail.txt'));
  expect(host.devices).toMatchObject([
    { port: '6-1', chain: [1], vendorId: 0x0489, productId: 0xe174, classes: [224, 239, 255] },
  ]);
  expect(lineFindings(host)).toEqual(['1:3 unknown-line', '2:3 unknown-line']);
});

const ROOT = `T:  Bus=02 Lev=00 Prnt=00 Port=00 Cnt=00 Dev#=  1 Spd=5000 MxCh= 4
D:  Ver= 3.00 Cls=09(hub  ) Sub=00 Prot=03 MxPS= 9 #Cfgs=  1
P:  Vendor=1d6b ProdID=0003 Rev= 6.01
S:  SerialNumber=xhci-hcd.0.auto
C:* #Ifs= 1 Cfg#= 1 Atr=e0 MxPwr=  0mA
I:* If#= 0 Alt= 0 #EPs= 1 Cls=09(hub  ) Sub=00 Prot=00 Driver=hub
E:  Ad=81(I) Atr=03(Int.) MxPS=   4 Ivl=256ms

`;
const DEVICE = `T:  Bus=02 Lev=01 Prnt=01 Port=00 Cnt=01 Dev#=  2 Spd=5000 MxCh= 0
D:  Ver= 3.00 Cls=00(>ifc ) Sub=00 Prot=00 MxPS= 9 #Cfgs=  1
P:  Vendor=0b95 ProdID=1790 Rev= 1.00
S:  Product=AX88179
C:* #Ifs= 1 Cfg#= 1 Atr=a0 MxPwr=248mA
I:* If#= 0 Alt= 0 #EPs= 3 Cls=ff(vend.) Sub=ff Prot=00 Driver=ax88179_178a
E:  Ad=81(I) Atr=03(Int.) MxPS=   8 Ivl=128ms
E:  Ad=82(I) Atr=02(Bulk) MxPS=1024 Ivl=0ms
E:  Ad=03(O) Atr=02(Bulk) MxPS=1024 Ivl=0ms
`;

describe('a SuperSpeed device', () => {
  const host = decode(ROOT + DEVICE);

  test('may have streams that a listing does not tell: it is planned at its own speed alone, and a note says so', () => {
    const device = deviceAt(host, '2-1');
    expect(device.configurations[0]?.interfaces[0]?.altSettings[0]?.endpoints.map(({ streams }) => streams)).toEqual([
      0,
      undefined,
      undefined,
    ]);
    expect(hostDeviceSpeeds(device, V10)).toEqual({ mask: 8, native: 'super' });
    expect(device.findings).toMatchObject([
      { code: 'device-partly-told', severity: 'note', evidence: { device: '2-1', gap: 'streams', only: 'always' } },
    ]);
  });

  test('has a controller that is no PCI device, where the root hub says so', () => {
    expect(deviceAt(host, '2-1').controller).toBe('xhci-hcd.0.auto');
  });

  test('of 10000 may be one of 20000, and that is noted', () => {
    const fast = decode((ROOT + DEVICE).replace('Dev#=  2 Spd=5000', 'Dev#=  2 Spd=10000'));
    expect(deviceAt(fast, '2-1').findings.map(({ code }) => code)).toContain('device-speed-10000');
  });
});

describe('a line that is not right is a finding with its place, and the rest is used', () => {
  const rows: readonly (readonly [
    what: string,
    from: string | RegExp,
    to: string,
    said: readonly string[],
    more: object | undefined,
  ])[] = [
    ['an unknown letter', 'S:  Product', 'X:  Product', [], { product: undefined }],
    ['no line at all', 'S:  Product=AX', 'Product=AX', ['12:1 unknown-line'], { partial: true }],
    ['an unknown string', 'S:  Product=AX88179', 'S:  Color=red', ['12:1 unknown-line'], { product: undefined }],
    [
      'a missing field',
      'Prot=00 MxPS= 9 #Cfgs=  1\nP:  Vendor=0b95',
      'MxPS= 9 #Cfgs=  1\nP:  Vendor=0b95',
      ['10:36 field-missing'],
      { partial: true },
    ],
    ['a number that is none', 'Port=00 Cnt=01', 'Port=zz Cnt=01', ['9:32 field-value'], undefined],
    ['a number out of range', 'Dev#=  2', 'Dev#=128', ['9:47 field-range'], undefined],
    ['a level that is too deep', 'Lev=01', 'Lev=07', ['9:16 field-range'], undefined],
    ['ids with letters', 'Vendor=0b95', 'Vendor=0bxx', ['11:12 field-value'], { partial: true, vendorId: 0 }],
    ['ids of three digits', 'Vendor=0b95', 'Vendor=b95 ', ['11:12 field-value'], { partial: true }],
    ['more behind the last field', 'Ivl=128ms', 'Ivl=128ms x', ['15:47 rest'], {}],
    ['an unknown speed', 'Dev#=  2 Spd=5000', 'Dev#=  2 Spd=??  ', [], { megabits: undefined }],
    ['a number with more behind it', 'Lev=01', 'Lev=01x', ['9:16 field-value'], undefined],
    ['a speed that is no number', 'Dev#=  2 Spd=5000', 'Dev#=  2 Spd=fast', ['9:55 field-value'], undefined],
    ['an endpoint too few', /E: {2}Ad=03.*\n/, '', ['14:1 endpoint-count'], { partial: true }],
    [
      'a wrong type',
      'Atr=02(Bulk) MxPS=1024 Ivl=0ms\nE:  Ad=03',
      'Atr=02(Isoc) MxPS=1024 Ivl=0ms\nE:  Ad=03',
      ['16:1 label'],
      {},
    ],
    ['a wrong direction', 'Ad=82(I)', 'Ad=82(O)', ['16:1 label'], {}],
    [
      'an interface too many',
      '#Ifs= 1 Cfg#= 1 Atr=a0',
      '#Ifs= 2 Cfg#= 1 Atr=a0',
      ['13:1 interface-count'],
      { partial: true },
    ],
    [
      'a configuration too few',
      '#Cfgs=  1\nP:  Vendor=0b95',
      '#Cfgs=  2\nP:  Vendor=0b95',
      ['9:1 configuration-count'],
      { partial: true },
    ],
    ['no D line', /D:.*\nP: {2}Vendor=0b95/, 'P:  Vendor=0b95', ['9:1 misplaced'], { partial: true }],
    [
      'an I line before its C line',
      /C:.*MxPwr=248mA\n/,
      '',
      ['13:1 misplaced', '14:1 misplaced', '15:1 misplaced', '16:1 misplaced', '9:1 configuration-count'],
      { partial: true },
    ],
    ['a hub that is not there', 'Prnt=01 Port=00 Cnt=01', 'Prnt=05 Port=00 Cnt=01', ['9:1 parent-missing'], undefined],
    ['a port that its hub does not have', 'Port=00 Cnt=01', 'Port=04 Cnt=01', ['9:1 port-beyond'], undefined],
    ['a number that another has', 'Dev#=  2', 'Dev#=  1', ['9:1 number-twice'], { address: 1 }],
    [
      'an interface twice',
      /(I:\* If#= 0 Alt= 0 #EPs= 3.*)/,
      '$1\n$1',
      ['15:1 setting-twice', '14:1 endpoint-count'],
      { partial: true },
    ],
    ['a size that no endpoint has', 'MxPS=   8', 'MxPS=4097', ['15:1 packet-size'], { partial: true }],
    [
      'cut by the kernel',
      /I:\* If#= 0 Alt= 0 #EPs= 3.*/s,
      '(truncated)\n',
      ['14:1 truncated', '13:1 interface-count'],
      { partial: true },
    ],
    ['a string that may go on', 'AX88179', 'A'.repeat(100), ['12:1 string-cut'], {}],
    ['a line of 2000 characters', 'AX88179', 'A'.repeat(2000), ['12:1025 too-long'], {}],
  ];

  test.each(rows)('%s', (_, from, to, said, more) => {
    const text = (ROOT + DEVICE).replace(from, to);
    expect(text).not.toBe(ROOT + DEVICE);
    const host = decode(text);
    expect(lineFindings(host)).toEqual(said);
    if (more !== undefined) expect(deviceAt(host, '2-1')).toMatchObject(more);
    expect(deviceAt(host, 'usb2').megabits).toBe(5000);
  });

  test('whose device is lost with its T line takes the lines behind it along', () => {
    const host = decode((ROOT + DEVICE).replace('Bus=02 Lev=01', 'Bus=xx Lev=01'));
    expect(all(host).map(({ port }) => port)).toEqual(['usb2']);
    expect(deviceAt(host, 'usb2').configurations).toHaveLength(1);
  });

  test('blanks at its end, tabs and CRLF are no fault', () => {
    const host = decode((ROOT + DEVICE).replaceAll('\n', ' \t\r\n'));
    expect(lineFindings(host)).toEqual([]);
    expect(deviceAt(host, '2-1')).toMatchObject({ vendorId: 0x0b95 });
    expect(deviceAt(host, '2-1').partial).toBeUndefined();
  });

  test('after a blank line prose does not belong to the device before it', () => {
    const host = decode(`${ROOT}${DEVICE}\nThat is all there is.\n`);
    expect(lineFindings(host)).toEqual(['19:1 unknown-line']);
    expect(deviceAt(host, '2-1').partial).toBeUndefined();
  });

  test('hundreds of them are counted', () => {
    const host = decode(ROOT + DEVICE + 'nonsense\n'.repeat(300));
    expect(lineFindings(host)).toHaveLength(50);
    expect(host.findings).toContainEqual(
      expect.objectContaining({ code: 'host-file-more', evidence: { file: 'host', others: 250 } }),
    );
  });
});

describe('behind hubs', () => {
  const hub = (level: number, parent: number, address: number, port: number): string =>
    `${`T:  Bus=02 Lev=0${level} Prnt=0${parent} Port=0${port} Cnt=01 Dev#=  ${address} Spd=12   MxCh= 4
`}${DEVICE.replace(/T:.*\n/, '').replace('Cls=00(>ifc )', 'Cls=09(hub  )')}`;

  test('the port chain has each port; the last hub one level up counts where the number is wrong', () => {
    const right = ROOT + hub(1, 1, 2, 1) + hub(2, 2, 3, 2) + hub(3, 3, 4, 0) + hub(1, 1, 5, 3);
    expect(decode(right).hubs.map(({ port }) => port)).toEqual(['usb2', '2-2', '2-2.3', '2-2.3.1', '2-4']);
    expect(lineFindings(decode(right))).toEqual([]);
    const wrong = ROOT + hub(1, 1, 2, 1) + hub(2, 1, 3, 2);
    expect(decode(wrong).hubs.map(({ port }) => port)).toEqual(['usb2', '2-2', '2-2.3']);
    expect(lineFindings(decode(wrong))).toEqual(['18:1 level']);
  });

  test('old kernels name 0 as the parent of what is at the root hub', () => {
    const host = decode(ROOT + hub(1, 0, 2, 1));
    expect(host.hubs.map(({ port }) => port)).toEqual(['usb2', '2-2']);
    expect(lineFindings(host)).toEqual([]);
  });
});

describe('the size that is shown', () => {
  /** What the kernel writes: usb_endpoint_maxp() * usb_endpoint_maxp_mult() at high speed, the first alone elsewhere. */
  const shown = (raw: number, high: boolean): number => (raw & 0x7ff) * (high ? 1 + ((raw >> 11) & 3) : 1);

  test('gives the raw field of every endpoint that keeps to the specification', () => {
    const single = fc.integer({ min: 0, max: 1024 });
    const double = fc.integer({ min: 513, max: 1024 }).map((size) => size | (1 << 11));
    const triple = fc.integer({ min: 683, max: 1024 }).map((size) => size | (2 << 11));
    fc.assert(
      fc.property(fc.oneof(single, double, triple), (raw) => {
        expect(rawPacketSize({ bytes: shown(raw, true), transactions: undefined }, true)).toBe(raw);
      }),
    );
    fc.assert(
      fc.property(single, (raw) => {
        expect(rawPacketSize({ bytes: shown(raw, false), transactions: undefined }, false)).toBe(raw);
      }),
    );
  });

  test.each([
    [1024, 1, 1024],
    [1024, 3, 0x1400],
    [64, 2, 0x0840],
  ])('%i*%i of usb-devices is 0x%x', (bytes, transactions, raw) => {
    expect(rawPacketSize({ bytes, transactions }, true)).toBe(raw);
  });

  test.each([1025, 2050, 3073, 60000])('%i is none, at high speed', (bytes) => {
    expect(rawPacketSize({ bytes, transactions: undefined }, true)).toBeUndefined();
  });
});
