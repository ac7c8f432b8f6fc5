import { describe, expect, test } from 'vitest';
import { hostDeviceSpeeds } from '../../../../../src/qdev/index.js';
import { all, decode, deviceAt, fixture, lineFindings, refusal } from '../fixtures.js';

const V10 = { major: 10, minor: 0, micro: 0 };
const BOTH = fixture('lab-lsusb.txt').toString();
const [VERBOSE = '', TREE = ''] = BOTH.split(/^(?=\/: {2})/m, 1).concat(BOTH.slice(BOTH.search(/^\/: {2}/m)));

describe('lsusb -v with lsusb -t', () => {
  const host = decode(BOTH);

  test('has places, speeds, drivers, names and controllers', () => {
    expect(all(host).map(({ port, controller, megabits }) => `${port} ${controller} ${megabits}`)).toEqual([
      'usb1 0000:00:04.0 480',
      'usb2 0000:00:04.0 5000',
      'usb3 0000:00:05.0 480',
      'usb4 0000:00:06.0 12',
      '1-2 0000:00:04.0 480',
      '1-4 0000:00:04.0 12',
      '2-1 0000:00:04.0 5000',
      '3-1 0000:00:05.0 480',
      '4-1 0000:00:06.0 12',
      '4-2 0000:00:06.0 12',
    ]);
    expect(deviceAt(host, '2-1')).toMatchObject({
      manufacturer: 'QEMU',
      product: 'QEMU USB HARDDRIVE',
      serial: 'SS0001',
      classes: [8],
      interfaces: [{ name: '2-1:1.0', number: 0, class: 8, driver: 'usb-storage' }],
    });
    expect(deviceAt(host, '1-4').interfaces).toMatchObject([{ driver: undefined }]);
    expect(lineFindings(host)).toEqual([]);
    expect(host.findings).toMatchObject([{ evidence: { untold: ['halves'] } }]);
  });

  test('passes over what stands further in, under a heading that it does not know', () => {
    const inner = '        Odd; heading:\n          bmAttributes         0x01\n          bEndpointAddress     0x05\n';
    const more = BOTH.replace(/( {8}bInterval +\d+\n)/g, `$1${inner}`);
    expect(more.length).toBeGreaterThan(BOTH.length);
    expect(all(decode(more)).map(({ configurations }) => configurations)).toEqual(
      all(host).map(({ configurations }) => configurations),
    );
  });

  test('in any order', () => {
    expect(all(decode(`${TREE}\n${VERBOSE}`))).toEqual(all(host));
  });

  test('tells of a SuperSpeed endpoint whether it has streams', () => {
    const streams = (text: string): unknown =>
      deviceAt(decode(text), '2-1').configurations[0]?.interfaces[0]?.altSettings[0]?.endpoints.map(
        (one) => one.streams,
      );
    expect(streams(BOTH)).toEqual([0, 0]);
    expect(streams(BOTH.replace(/( +)bMaxBurst +15\n/, '$&$1MaxStreams             32\n'))).toEqual([5, 0]);
    expect(streams(BOTH.replaceAll(/ +bMaxBurst +15\n/g, ''))).toEqual([undefined, undefined]);
    expect(streams(BOTH.replaceAll(/( +)bMaxBurst +15\n/g, '$1** UNRECOGNIZED:  06 30 0f 04 00 00\n'))).toEqual([4, 4]);
  });
});

describe('lsusb -v alone', () => {
  const host = decode(VERBOSE);

  test('does not tell ports: devices are named by their numbers, and that is said', () => {
    expect(host.devices.map(({ port, chain }) => [port, chain])).toEqual(
      ['@1.2', '@1.3', '@2.2', '@3.2', '@4.2', '@4.3'].map((port) => [port, []]),
    );
    expect(host.findings).toMatchObject([{ evidence: { untold: ['ports', 'halves'] } }]);
  });

  test('leaves speeds to be inferred where the descriptors allow one alone', () => {
    expect(
      host.devices.map(({ megabits, findings }) => `${megabits} ${findings.map(({ code }) => code).join()}`),
    ).toEqual([
      'undefined device-speed-untold',
      'undefined device-speed-untold',
      '5000 device-speed-inferred',
      '480 device-speed-inferred',
      '12 device-speed-inferred',
      '12 device-speed-inferred',
    ]);
    expect(host.devices[0]?.findings[0]).toMatchObject({ severity: 'error' });
  });

  test.each([
    [
      'bcdUSB 1.10 tells nothing: there are such devices of high speed',
      'bMaxPacketSize0        64',
      ['1.10'],
      undefined,
    ],
    ['control packets of 8 are low or full speed', 'bMaxPacketSize0         8', ['2.00'], 12],
    ['control packets of 32 are full speed', 'bMaxPacketSize0        32', ['2.10'], 12],
    ['control packets of 2⁹ are SuperSpeed', 'bMaxPacketSize0         9', ['3.20'], 5000],
    ['a size that no speed has tells nothing', 'bMaxPacketSize0        10', ['2.00'], undefined],
    ['control packets of 16 are full speed', 'bMaxPacketSize0        16', ['2.00'], 12],
    ['an interrupt packet of 65 is high speed', 'wMaxPacketSize     0x0041', ['2.00'], 480],
    ['an interrupt packet of 64 tells nothing', 'wMaxPacketSize     0x0040', ['2.00'], undefined],
  ])('%s', (_, line, [version = ''], megabits) => {
    const name = line.split(/\s/)[0] ?? '';
    const tablet = VERBOSE.slice(VERBOSE.indexOf('Bus 001 Device 002'), VERBOSE.indexOf('Bus 001 Device 001'))
      .replace(new RegExp(`${name} +\\S+`), line)
      .replace(/bcdUSB +\S+/, `bcdUSB               ${version}`);
    expect(deviceAt(decode(tablet), '@1.2').megabits).toBe(megabits);
  });

  test('of usbutils 016 and later tells the speed itself', () => {
    const named = VERBOSE.replace(/(Bus 001 Device 002.*\n)/, '$1Negotiated speed: High Speed (480Mbps)\n').replace(
      /(Bus 002 Device 002.*\n)/,
      '$1Negotiated speed: SuperSpeed+ (10Gbps)\n',
    );
    expect(deviceAt(decode(named), '@1.2')).toMatchObject({ megabits: 480, findings: [] });
    expect(deviceAt(decode(named), '@2.2')).toMatchObject({ megabits: 10000, findings: [] });
  });

  test('names a device that has no strings as the host it came from does', () => {
    const nameless = VERBOSE.replace(/iManufacturer +1 QEMU/, 'iManufacturer           1 ').replace(
      /iProduct +\d+ QEMU USB Keyboard/,
      'iProduct                4 ',
    );
    const text = nameless.replace(/idVendor +0x0627 ?\n/, 'idVendor           0x0627 Adomax Technology Co., Ltd\n');
    expect(deviceAt(decode(text), '@4.3')).toMatchObject({
      manufacturer: undefined,
      product: undefined,
      name: 'Adomax Technology Co., Ltd 0627:0001',
    });
  });
});

describe('a line of lsusb that is not right is a finding with its place, and the rest is used', () => {
  const lines = VERBOSE.split('\n');
  const at = (pattern: RegExp): number => lines.findIndex((line) => pattern.test(line)) + 1;
  const first = '@4.3';
  const rows: readonly (readonly [what: string, from: RegExp, to: string, said: readonly string[], more: object])[] = [
    [
      'a Bus line that is none',
      /^Bus 004 Device 003.*/m,
      'Bus 4 Device: nonsense',
      ['2:1 unknown-line'],
      { port: '@4.2' },
    ],
    ['a number out of range', /^Bus 004 Device 003/m, 'Bus 004 Device 200', ['2:1 field-range'], { port: '@4.2' }],
    [
      'a device twice',
      /^Bus 004 Device 003/m,
      'Bus 004 Device 002',
      [`${at(/Bus 004 Device 002/)}:1 twice`],
      { port: '@4.2' },
    ],
    ['other ids below', /idVendor +0x0627/, 'idVendor           0x0628', ['11:3 identity'], { vendorId: 0x0627 }],
    [
      'a value that is no number',
      /wMaxPacketSize +0x0008/,
      'wMaxPacketSize     eight ',
      [`${at(/wMaxPacketSize/)}:28 field-value`],
      { partial: true },
    ],
    [
      'a value that is too large',
      /bEndpointAddress +0x81/,
      'bEndpointAddress   0x181',
      [`${at(/bEndpointAddress/)}:28 field-range`],
      { partial: true },
    ],
    [
      'a field that is missing',
      / +bInterfaceClass.*\n/,
      '',
      [`${at(/Interface Descriptor:/)}:5 field-missing`],
      { partial: true },
    ],
    [
      'an endpoint too few',
      / +Endpoint Descriptor:\n( {8}.*\n)+/,
      '',
      [`${at(/Interface Descriptor:/)}:5 endpoint-count`],
      { partial: true },
    ],
    [
      'no configuration',
      / +Configuration Descriptor:.*?(?=^Device Status)/ms,
      '',
      ['3:1 configuration-count'],
      { partial: true },
    ],
    [
      'an interface without configuration',
      / +Configuration Descriptor:\n/,
      '',
      [`${at(/Interface Descriptor:/) - 1}:5 misplaced`, '3:1 configuration-count'],
      { partial: true },
    ],
    ['no device descriptor', /^Device Descriptor:\n/m, '', ['2:1 misplaced'], { partial: true }],
  ];

  test.each(rows)('%s', (_, from, to, said, more) => {
    const text = VERBOSE.replace(from, to);
    expect(text).not.toBe(VERBOSE);
    const host = decode(text);
    expect(lineFindings(host)).toEqual(said);
    const port = 'port' in more ? (more.port as string) : first;
    expect(deviceAt(host, port)).toMatchObject(more);
  });

  test('of the tree too', () => {
    const bent = TREE.replace('|__ Port 2: Dev 2, If 0', '|__ Port two: Dev 2, If 0').replace(
      'Dev 3, If 0, Class=, Driver=usbhid',
      'Dev 9, If 0, Class=, Driver=usbhid',
    );
    const said = decode(`${bent}${VERBOSE}`);
    expect(lineFindings(said).map((one) => one.replace(/^\d+:/, ''))).toEqual(['5 unknown-line', '5 tree-only']);
    expect(deviceAt(said, '@1.2').chain).toEqual([]);
  });
});

test('a hub in the tree gives the devices behind it their chain', () => {
  const tree = `/:  Bus 001.Port 001: Dev 001, Class=root_hub, Driver=xhci_hcd/8p, 480M
    |__ Port 002: Dev 002, If 0, Class=Hub, Driver=hub/4p, 12M
        |__ Port 003: Dev 003, If 0, Class=Chip/SmartCard, Driver=[none], 12M
    |__ Port 004: Dev 004, If 0, Class=Mass Storage, Driver=uas, 20000M/x2
`;
  const block = VERBOSE.slice(VERBOSE.indexOf('Bus 001 Device 003'), VERBOSE.indexOf('Bus 001 Device 002'));
  const host = decode(
    tree + ['002', '003', '004'].map((one) => block.replace('Device 003', `Device ${one}`)).join('\n'),
  );
  expect(all(host).map(({ port, megabits, interfaces }) => [port, megabits, interfaces[0]?.driver])).toEqual([
    ['1-2', 12, 'hub'],
    ['1-2.3', 12, undefined],
    ['1-4', 20000, 'uas'],
  ]);
  expect(hostDeviceSpeeds(deviceAt(host, '1-4'), V10)).toEqual({ unsupported: 'speed-20000' });
});

test('without -v there are no descriptors: it is refused with what to type', () => {
  expect(
    refusal(() => decode('Bus 001 Device 002: ID 0781:5567 SanDisk Corp. Cruzer Blade\n')).findings[0],
  ).toMatchObject({
    code: 'host-file-unknown',
    evidence: { guess: 'lsusb-short' },
  });
  expect(refusal(() => decode(TREE)).findings[0]).toMatchObject({ evidence: { guess: 'lsusb-tree' } });
});
