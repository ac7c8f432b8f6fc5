import { describe, expect, test } from 'vitest';
import { formatLocation, matchSelector, parseSelector, type Selector } from '../../../../src/host/index.js';
import { all, decode, deviceAt, fixture, lineFindings } from './fixtures.js';

const device = (bus: number, port: number, address: number, product: string, level = 1, cls = 'ff(vend.)'): string =>
  `T:  Bus=0${bus} Lev=0${level} Prnt=0${level === 0 ? 0 : 1} Port=0${port} Cnt=01 Dev#=${String(address).padStart(3)} Spd=480 MxCh= ${cls.startsWith('09') ? 4 : 0}
D:  Ver= 2.00 Cls=${cls} Sub=00 Prot=00 MxPS=64 #Cfgs=  1
P:  Vendor=1234 ProdID=${product} Rev=01.00
C:* #Ifs= 1 Cfg#= 1 Atr=c0 MxPwr=500mA
I:* If#= 0 Alt= 0 #EPs= 0 Cls=${cls} Sub=00 Prot=00 Driver=(none)

`;
const ports = (text: string): string[] =>
  all(decode(text)).map(({ port, productId }) => `${port} ${productId.toString(16).padStart(4, '0')}`);

describe('two devices at one place', () => {
  test('are both there, the second by its number, and that is told with its line', () => {
    const text = device(1, 5, 6, '0001') + device(1, 5, 10, '0002') + device(1, 5, 11, '0003');
    expect(ports(text)).toEqual(['@1.10 0002', '@1.11 0003', '1-6 0001']);
    expect(lineFindings(decode(text))).toEqual(['7:1 port-twice', '13:1 port-twice']);
  });

  test('which are hubs do not share what hangs on them', () => {
    const hub = '09(hub  )';
    const text = device(1, 0, 2, '0001', 1, hub) + device(1, 0, 3, '0002', 1, hub);
    const behind = device(1, 1, 4, '0003', 2).replace('Prnt=01', 'Prnt=03');
    expect(ports(text + behind)).toEqual(['@1.3 0002', '1-1 0001', '@1.4 0003']);
  });

  test('in lsusb -t as well', () => {
    const both = fixture('lab-lsusb.txt').toString().replace('|__ Port 2: Dev 3, If 0', '|__ Port 1: Dev 3, If 0');
    const host = decode(both);
    expect(host.devices.map(({ port }) => port)).toContain('@4.3');
    expect(host.devices).toHaveLength(6);
    expect(lineFindings(host).map((one) => one.replace(/^\d+:/, ''))).toEqual(['5 port-twice']);
  });

  test('in JSON as well', () => {
    const document = JSON.parse(fixture('lab-devices.json').toString()) as { devices: { port: string }[] };
    Object.assign(document.devices[1] ?? {}, { port: '1-2' });
    const host = decode(JSON.stringify(document));
    expect(host.devices).toHaveLength(6);
    expect(host.devices.map(({ port }) => port)).toContain('@1.3');
    expect(host.findings).toMatchObject([
      { code: 'host-document-invalid', evidence: { where: 'devices[1].port' } },
      { code: 'host-file-untold' },
    ]);
  });

  test('that have one number are both there, where a port tells them apart', () => {
    const text = device(1, 5, 6, '0001') + device(1, 6, 6, '0002') + device(1, 5, 6, '0003') + device(1, 5, 6, '0004');
    expect(ports(text)).toEqual(['@1.6 0003', '1-6 0001', '1-7 0002']);
    expect(lineFindings(decode(text))).toEqual([
      '13:1 port-twice',
      '19:1 port-twice',
      '7:1 number-twice',
      '13:1 number-twice',
      '19:1 left-out',
    ]);
  });

  test('that are one and the same are there once', () => {
    const text = device(1, 5, 6, '0001');
    expect(ports(text + text)).toEqual(['1-6 0001']);
    expect(lineFindings(decode(text + text))).toEqual(['7:1 twice']);
  });
});

test('what stands where root hubs are and is no hub is a device', () => {
  const host = decode(device(1, 0, 5, '0001', 0));
  expect(host.devices.map(({ port }) => port)).toEqual(['@1.5']);
  expect(lineFindings(host)).toEqual(['1:1 no-root-hub']);
  const lsusb = 'Bus 001 Device 001: ID 0781:5567\nDevice Descriptor:\n  bDeviceClass 0\n  bNumConfigurations 0\n';
  expect(decode(lsusb).devices.map(({ port }) => port)).toEqual(['@1.1']);
});

describe('a controller or port that is not told', () => {
  const text = device(1, 0, 3, '0001') + device(2, 0, 3, '0002') + device(2, 0, 4, '0003');
  const host = decode(text);

  test('is matched by nothing', () => {
    for (const selector of ['platform-unknown/1', 'PLATFORM-unknown/1', 'pci-0000:00:14.0/1']) {
      expect(matchSelector(parseSelector(selector) as Selector, host), selector).toEqual([]);
    }
  });

  test('gives no location, so that no two devices share one', () => {
    expect(all(host).map(formatLocation)).toEqual([undefined, undefined, undefined]);
    const root = device(2, 0, 1, '0000', 0, '09(hub  )').replace('C:*', 'S:  SerialNumber=0000:00:14.0\nC:*');
    expect(all(decode(root + text)).map(formatLocation)).toEqual([
      undefined,
      undefined,
      undefined,
      'pci-0000:00:14.0/1',
    ]);
  });
});

describe('lsusb -t whose indentation is lost', () => {
  const tree = (hub: boolean): string => `/:  Bus 01.Port 1: Dev 1, Class=root_hub, Driver=xhci_hcd/8p, 480M
|__ Port 2: Dev 3, If 0, Class=Human Interface Device, Driver=usbhid, 1.5M
|__ Port 3: Dev 4, If 0, Class=${hub ? 'Hub, Driver=hub/4p' : 'Mass Storage, Driver=usb-storage'}, 480M
|__ Port 1: Dev 5, If 0, Class=Mass Storage, Driver=usb-storage, 480M
`;
  const block = (address: number): string =>
    `Bus 001 Device 00${address}: ID 1234:000${address}\nDevice Descriptor:\n  bDeviceClass ${address === 1 ? 9 : 0}\n  bNumConfigurations 0\n`;
  const verbose = [1, 3, 4, 5].map(block).join('\n');

  test('tells the places where there is no hub', () => {
    const host = decode(tree(false) + verbose);
    expect(host.devices.map(({ port }) => port)).toEqual(['1-1', '1-2', '1-3']);
    expect(lineFindings(host)).toEqual([]);
  });

  test('does not tell what hangs on a hub, and that is said once', () => {
    const host = decode(tree(true) + verbose);
    expect(all(host).map(({ port, megabits }) => `${port} ${megabits}`)).toEqual([
      'usb1 480',
      '@1.5 480',
      '1-2 1.5',
      '1-3 480',
    ]);
    expect(lineFindings(host)).toEqual(['4:1 indentation-lost']);
  });
});

test('lsusb without -v may stand before lsusb -v', () => {
  const verbose = fixture('lab-lsusb.txt').toString();
  const short = (verbose.match(/^Bus .*$/gm) ?? []).join('\n');
  const host = decode(`${short}\n${verbose}`);
  expect(all(host)).toEqual(all(decode(verbose)));
  expect(lineFindings(host)).toEqual([]);
});

test('a field that lsusb does not show does not count as 0', () => {
  const verbose = fixture('lab-lsusb.txt').toString();
  for (const field of ['bNumConfigurations', 'bNumInterfaces', 'bNumEndpoints']) {
    const host = decode(verbose.replace(new RegExp(` +${field}.*\n`), ''));
    expect(lineFindings(host).map((one) => one.replace(/.* /, ''))).toEqual(['field-missing']);
    expect(deviceAt(host, '4-2').partial).toBe(true);
  }
});

test('1 Mb/s is 1.5 Mb/s, wherever it is written', () => {
  const lsusb = fixture('lab-lsusb.txt').toString();
  expect(deviceAt(decode(lsusb.replace('Driver=usbhid, 12M', 'Driver=usbhid, 1M')), '4-1').megabits).toBe(1.5);
  const named =
    'Bus 001 Device 003: ID 0781:5567\nNegotiated speed: Low Speed (1Mbps)\nDevice Descriptor:\n  bNumConfigurations 0\n';
  expect(decode(named).devices[0]?.megabits).toBe(1.5);
  expect(decode(device(1, 5, 6, '0001').replace('Spd=480', 'Spd=1')).devices[0]?.megabits).toBe(1.5);
  const json = fixture('lab-devices.json')
    .toString()
    .replace('"megabits": 480', '"megabits": 1')
    .replace('"megabits":480', '"megabits":1');
  expect(decode(json).devices[0]?.megabits).toBe(1.5);
});

test('a listing whose speed is too new for it, or empty, tells none; unknown is what the kernel does not know', () => {
  const speeds = ['??', '', 'unknown'].map((word) => {
    const [one] = decode(device(1, 5, 6, '0001').replace('Spd=480', `Spd=${word}`)).devices;
    return [one?.megabits, one?.speedIs];
  });
  expect(speeds).toEqual([
    [undefined, 'untold'],
    [undefined, 'untold'],
    [undefined, 'unknown'],
  ]);
});

test('what lsusb does not know is no name', () => {
  const text =
    'Bus 001 Device 005: ID 0781:5567 [unknown] [unknown]\nDevice Descriptor:\n  idVendor 0x0781 [unknown]\n  idProduct 0x5567 [unknown]\n  iManufacturer 1 [unknown]\n  iProduct 2 (error)\n  iSerial 3 [unknown]\n  bNumConfigurations 0\n';
  expect(decode(text).devices[0]).toMatchObject({
    name: 'USB device 0781:5567',
    manufacturer: undefined,
    product: undefined,
    serial: undefined,
  });
});

test('a file of two kinds says which line is not read', () => {
  const both = `${fixture('lab-listing.txt').toString()}\n${fixture('lab-lsusb.txt').toString()}`;
  expect(lineFindings(decode(both))[0]).toMatch(/^\d+:1 other-kind$/);
});
