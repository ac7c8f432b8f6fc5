import { describe, expect, it } from 'vitest';
import { QplugError } from '../../../../src/diag/index.js';
import {
  formatIdentity,
  formatLocation,
  type HostDevice,
  type HostInventory,
  identityOf,
  matchSelector,
  requireSelector,
  sameIdentity,
  selectOne,
  shortestSelector,
} from '../../../../src/host/index.js';
import { inventoryOf, recording } from '../recordings.js';

const six = inventoryOf(recording('six-devices'));
const many = inventoryOf(recording('hub-twins-gadgets'));

function ports(selector: string, inventory: HostInventory = many): string[] {
  return matchSelector(requireSelector(selector), inventory).map((one) => one.port);
}

function refusal(selector: string, inventory: HostInventory = many): QplugError {
  try {
    const device = selectOne(selector, inventory);
    throw new Error(`it selected ${device.port}`);
  } catch (error) {
    if (error instanceof QplugError) return error;
    throw error;
  }
}

function device(port: string, changes: Partial<HostDevice> = {}): HostDevice {
  const chain = port
    .slice(port.indexOf('-') + 1)
    .split('.')
    .map(Number);
  return {
    ...(six.devices[0] as HostDevice),
    port,
    bus: Number.parseInt(port, 10),
    chain,
    peer: undefined,
    ...changes,
  };
}

function hub(port: string, changes: Partial<HostDevice> = {}): HostDevice {
  return device(port, { isHub: true, class: 9, classes: [9], ...changes });
}

describe('matching', () => {
  it.each([
    ['0627:0001', ['1-2', '1-5.2', '1-5.3', '1-5.8', '4-1', '4-2']],
    ['0627:0001:TWIN', ['1-5.2', '1-5.3', '1-5.8']],
    ['46F4:0001:HS0001', ['3-1']],
    ['46f4:0001:hs0001', []],
    ['serial=SS0002', ['2-7']],
    ['class=03', ['1-2', '1-5.2', '1-5.3', '1-5.8', '4-1', '4-2', '11-1']],
    ['class=0a', ['6-1']],
    ['class=09', []],
    ['@2.3', ['2-6']],
    ['scsi usb', ['2-6']],
    ['qemu mouse', ['1-5.2', '1-5.3', '1-5.8', '4-1']],
    ['"Source Sink"', ['8-1']],
    ['hub', []],
    ['1-5.3', ['1-5.3']],
    ['1-5', []],
    ['pci-0000:00:03.0/5.8', ['1-5.8']],
    ['pci-0000:00:05.0/1', ['4-1']],
    ['pci-0000:00:05.0/3', []],
    ['platform-dummy_hcd.3/1', ['11-1']],
  ])('%s finds %j', (selector, expected) => {
    expect(ports(selector)).toEqual(expected);
  });

  it.each([
    ['the USB 2 half finds what is plugged into the USB 3 half', '1-1', ['2-1']],
    ['the USB 3 half finds what is plugged into the USB 2 half', '2-2', ['1-2']],
    ['the other half is found behind a hub that has one half only', '2-5.3', ['1-5.3']],
    ['a location stands for both halves', 'pci-0000:00:03.0/1', ['2-1']],
  ])('%s', (_title, selector, expected) => {
    expect(ports(selector)).toEqual(expected);
  });

  it('takes the device on the half that was named where each half has one', () => {
    const both = { devices: [device('1-2', { peer: '2-2' }), device('2-2', { peer: '1-2' })], hubs: [] };
    expect(['1-2', '2-2', 'pci-0000:00:03.0/2'].map((selector) => ports(selector, both))).toEqual([
      ['1-2'],
      ['2-2'],
      ['1-2', '2-2'],
    ]);
  });

  it('finds both connectors by location where halves count differently, so that none is guessed', () => {
    const odd = { devices: [device('1-1', { peer: '2-4' }), device('2-1', { peer: '1-5' })], hubs: [] };
    expect(ports('pci-0000:00:03.0/1', odd)).toEqual(['1-1', '2-1']);
    expect(ports('pci-0000:00:03.0/5', odd)).toEqual(['2-1']);
    expect(ports('1-5', odd)).toEqual(['2-1']);
  });

  it('follows the peer of the nearest hub above', () => {
    const nested = {
      devices: [device('1-1.4.2')],
      hubs: [hub('1-1', { peer: '2-7' }), hub('1-1.4', { peer: '2-7.3' })],
    };
    expect(ports('2-7.3.2', nested)).toEqual(['1-1.4.2']);
    expect(ports('2-7.4.2', nested)).toEqual([]);
  });
});

describe('selecting one', () => {
  it('gives the one device that matches', () => {
    expect(selectOne('serial=HS0001', many).port).toBe('3-1');
    expect(selectOne(requireSelector('@2.3'), many).port).toBe('2-6');
  });

  it('lists twins by serial where that tells them apart', () => {
    const { code, kind, message, findings } = refusal('46f4:0001');
    expect([code, kind]).toEqual(['selector-ambiguous', 'ambiguous']);
    expect(findings[0].evidence).toMatchObject({
      candidates: [
        { selector: '46f4:0001:SS0001', port: '2-1' },
        { selector: '46f4:0001:SS0002', port: '2-7' },
        { selector: '46f4:0001:HS0001', port: '3-1' },
      ],
    });
    expect(message).toContain('"46f4:0001" matches 3 devices instead of one');
  });

  it('lists twins with the same serial by port', () => {
    expect(refusal('0627:0001:TWIN').findings[0].evidence).toMatchObject({
      candidates: [{ selector: '1-5.2' }, { selector: '1-5.3' }, { selector: '1-5.8' }],
    });
  });

  it.each(['1-5', '2-5', '0409:55aa', 'class=09', 'usb hub', '1d6b:0002', '@1.1'])('refuses the hub %s', (selector) => {
    const { code, kind } = refusal(selector);
    expect([code, kind]).toEqual(['device-is-hub', 'refused']);
  });

  it.each([
    ['the same ids with another serial', '08e6:4433:X', ['1-4']],
    ['ids with a slip', '08e6:4443', ['1-4']],
    ['another product of the vendor', '08e6:0001', ['1-4']],
    ['a serial with a slip', 'serial=SS002', ['2-7']],
    ['the device with most of the words', 'attached scsi disk', ['2-6']],
    ['a misspelt word', 'keybord', ['4-2']],
    ['a serial without its key', 'HS00001', ['3-1']],
    ['no neighbour of a port', '1-5.4', []],
  ])('when nothing matches, proposes %s', (_title, selector, near) => {
    const { code, kind, findings } = refusal(selector);
    expect([code, kind]).toEqual(['device-not-found', 'not-found']);
    expect((findings[0].evidence as unknown as { near: { port: string }[] }).near.map((one) => one.port)).toEqual(near);
  });

  it('says what is there when nothing is near', () => {
    const { findings, message } = refusal('1-5.4');
    expect(findings[0].evidence).toMatchObject({ others: 6 });
    expect(message).toMatch(/^no USB device matches "1-5.4": plugged in: .*; and 6 more$/);
  });

  it('says that nothing is plugged in', () => {
    expect(refusal('1234:5678', { devices: [], hubs: [] }).message).toBe(
      'no USB device matches "1234:5678": this host has no USB devices other than hubs',
    );
  });
});

describe('identity', () => {
  it('of every recorded device has a shortest selector that finds it alone', () => {
    const found = many.devices.map((one) => ports(shortestSelector(one, many)));
    expect(found).toEqual(many.devices.map((one) => [one.port]));
  });

  it('is named by location or address when nothing shorter is unique', () => {
    const one = device('1-2', { peer: '2-2', serial: undefined });
    expect(shortestSelector(one, { devices: [one], hubs: [] })).toBe('0627:0001');
    const twin = device('1-3', { serial: undefined });
    expect(shortestSelector(one, { devices: [one, twin], hubs: [] })).toBe('1-2');
  });

  it.each(['a b', 'a,b', 'a;b', '$(x)', 'x:', ':x', '\u202e', 'x'.repeat(80), ''])(
    'does not propose to type the serial %j',
    (serial) => {
      const twins = [device('1-2', { serial }), device('1-3', { serial: 'OTHER' })];
      expect(shortestSelector(twins[0] as HostDevice, { devices: twins, hubs: [] })).toBe('1-2');
    },
  );

  it('tells place, ids and serial', () => {
    const identity = identityOf(six.devices[2] as HostDevice);
    expect(identity).toEqual({
      controller: '0000:00:03.0',
      chain: [1],
      vendorId: 0x46f4,
      productId: 1,
      serial: 'SS0001',
    });
    expect(formatIdentity(identity)).toBe('pci-0000:00:03.0/1 46f4:0001 SS0001');
    expect(formatLocation({ controller: 'dummy_hcd.0', chain: [1, 2] })).toBe('platform-dummy_hcd.0/1.2');
  });

  it('is the same at another address and not with another serial, product or port', () => {
    const before = device('1-2');
    const same = (changes: Partial<HostDevice>) =>
      sameIdentity(identityOf(before), identityOf({ ...before, ...changes }));
    expect(same({ address: 99, bus: 7, port: '7-2' })).toBe(true);
    expect(
      [
        { serial: 'X' },
        { serial: undefined },
        { productId: 2 },
        { vendorId: 2 },
        { chain: [2, 1] },
        { controller: 'x' },
      ].map(same),
    ).toEqual([false, false, false, false, false, false]);
  });
});
