import { describe, expect, test } from 'vitest';
import { all, decode, deviceAt, fixture, lineFindings, refusal } from '../fixtures.js';

const TEXT = fixture('umockdev-keyboard-and-disk.txt').toString();
const BLOCKS = TEXT.split(/\n\n/).filter((block) => block.trim() !== '');
const KEYBOARD = BLOCKS.find((block) => /^P: .*1-2\.3$/m.test(block)) ?? '';
const plain = decode(TEXT);

describe('a recording of umockdev-record', () => {
  test('has places, controllers, names, speeds and drivers', () => {
    expect(
      all(plain).map(({ port, controller, megabits, name }) => `${port} ${controller} ${megabits} ${name}`),
    ).toEqual([
      'usb1 0000:00:14.0 480 Linux 6.1.0 xhci-hcd xHCI Host Controller',
      '1-2 0000:00:14.0 480 USB2.0 Hub',
      'usb2 0000:00:14.0 5000 Linux 6.1.0 xhci-hcd xHCI Host Controller',
      '1-2.3 0000:00:14.0 1.5 Acmé "Best" Keyboard\\2',
      '2-1 0000:00:14.0 5000 SanDisk Ultra Fit',
    ]);
    expect(deviceAt(plain, '1-2.3').interfaces).toEqual([{ name: '1-2.3:1.0', number: 0, class: 3, driver: 'usbhid' }]);
    expect(lineFindings(plain)).toEqual([]);
    expect(plain.findings).toMatchObject([{ evidence: { format: 'umockdev', untold: ['halves'] } }]);
  });

  test('has the descriptors of all settings, with companions', () => {
    const disk = deviceAt(plain, '2-1');
    expect(disk.configurations[0]?.interfaces[0]?.altSettings[0]?.endpoints).toMatchObject([
      { address: 0x81, type: 'bulk', maxPacketSize: 1024, streams: 0, companion: { maxBurst: 15 } },
      { address: 2, type: 'bulk', maxPacketSize: 1024, streams: 0, companion: { maxBurst: 15 } },
    ]);
    expect(disk.findings).toEqual([]);
  });

  test('has the classes of interfaces that were not recorded, from the descriptors', () => {
    expect(deviceAt(plain, '2-1')).toMatchObject({ interfaces: [], classes: [8] });
  });

  test('tells the same whatever the order of devices and of lines, and how many blank lines there are', () => {
    const mixed = [...BLOCKS].reverse().map((block) => block.split('\n').reverse().join('\n'));
    for (const text of [
      mixed.join('\n\n'),
      BLOCKS.join('\n\n\n\n'),
      BLOCKS.join('\n'),
      TEXT.replaceAll('\n', '\n\n'),
    ]) {
      expect(all(decode(text))).toEqual(all(plain));
      expect(lineFindings(decode(text))).toEqual([]);
    }
  });

  test('put together from two files has what both tell once', () => {
    const host = decode(`${TEXT}\n${TEXT.replace(/E: MAJOR=189\n/g, '')}`);
    expect(all(host)).toEqual(all(plain));
    expect(new Set(lineFindings(host).map((one) => one.replace(/.* /, '')))).toEqual(new Set(['twice']));
  });

  test('may have another device at the same port later: both are there, and that is told', () => {
    const later = KEYBOARD.replaceAll(/009(?=[=\n])/g, '010')
      .replace('devnum=9', 'devnum=10')
      .replaceAll(/0745/g, '0746')
      .replaceAll('5E044507', '5E044607');
    const host = decode(`${TEXT}\n${later}\n`);
    expect(host.devices.map(({ port, productId }) => `${port} ${productId.toString(16)}`)).toEqual([
      '@1.10 746',
      '1-2.3 745',
      '2-1 5583',
    ]);
    expect(lineFindings(host)).toEqual([`${TEXT.split('\n').length + 1}:1 port-twice`]);
  });

  test('needs no files where udev and the device node tell the same', () => {
    const bare = TEXT.replaceAll(/^[AH]: (?!speed).*\n/gm, '').replaceAll(/^L: driver.*\n/gm, '');
    const host = decode(bare);
    const told = ({
      port,
      bus,
      address,
      vendorId,
      productId,
      configurations,
      classes,
    }: (typeof host.devices)[number]) => ({
      port,
      bus,
      address,
      vendorId,
      productId,
      configurations,
      classes,
    });
    expect(all(host).map(told)).toEqual(all(plain).map(told));
    expect(deviceAt(host, '1-2.3').interfaces).toMatchObject([{ class: 3, driver: 'usbhid' }]);
  });

  test('without a speed tells none', () => {
    const host = decode(TEXT.replaceAll(/^A: speed=.*\n/gm, ''));
    expect(host.devices.map(({ megabits, speedIs }) => [megabits, speedIs])).toEqual([
      [undefined, 'untold'],
      [undefined, 'untold'],
    ]);
    expect(host.devices[0]?.findings).toMatchObject([{ code: 'device-speed-untold', severity: 'error' }]);
  });
});

describe('a line of a recording that is not right is a finding with its place', () => {
  const line = (pattern: RegExp): number => TEXT.split('\n').findIndex((one) => pattern.test(one)) + 1;

  test.each<[what: string, from: RegExp, to: string, said: string]>([
    ['no line', /^A: devpath=2\.3.*/m, 'devpath', `${line(/^A: devpath=2\.3/)}:1 unknown-line`],
    [
      'digits that are none',
      /^H: descriptors=1201/m,
      'H: descriptors=12xx',
      `${line(/^H: descriptors/)}:16 field-value`,
    ],
    ['a path outside', /^P: .*input7$/m, 'P: /devices/../../etc', '1:1 field-value'],
    ['another place', /^P: .*input7$/m, 'P: /etc/passwd', '1:1 field-value'],
  ])('%s', (_, from, to, said) => {
    const text = TEXT.replace(from, to);
    expect(text).not.toBe(TEXT);
    expect(lineFindings(decode(text))[0]).toBe(said);
  });

  test('properties of no device', () => {
    expect(lineFindings(decode(`E: SUBSYSTEM=usb\n\n${TEXT}`))).toEqual(['1:1 misplaced']);
  });
});

test('a recording of something else is no host', () => {
  const mouse = 'P: /devices/platform/i8042/serio1/input/input9\nE: SUBSYSTEM=input\nA: name=Touchpad\\n\n';
  expect(refusal(() => decode(mouse)).findings[0]).toMatchObject({ evidence: { guess: 'no-devices' } });
});
