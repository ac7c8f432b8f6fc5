import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AltSettingShape,
  type DeviceShape,
  type EndpointShape,
  FULL,
  HIGH,
  hostDeviceSpeeds,
  LOW,
  maskOf,
  negotiate,
  SUPER,
} from '../../../../src/qdev/index.js';

const V72 = { major: 7, minor: 2, micro: 22 };
const V60 = { major: 6, minor: 0, micro: 0 };
const V61 = { major: 6, minor: 1, micro: 0 };
const V52 = { major: 5, minor: 2, micro: 0 };

const bulk = (streams = 0): EndpointShape => ({ type: 'bulk', maxPacketSize: 1024, streams });
const interrupt = (maxPacketSize: number): EndpointShape => ({ type: 'interrupt', maxPacketSize, streams: 0 });
const iso: EndpointShape = { type: 'isochronous', maxPacketSize: 192, streams: 0 };
const setting = (...endpoints: EndpointShape[]): AltSettingShape => ({ class: 255, subclass: 0, endpoints });
const scsi = (...endpoints: EndpointShape[]): AltSettingShape => ({ class: 8, subclass: 6, endpoints });
const device = (megabits: number | undefined, ...altSettings: AltSettingShape[]): DeviceShape => ({
  megabits,
  configurations: [{ interfaces: [{ altSettings }] }],
});

/** The columns of the matrix: an xHCI port of both kinds, SuperSpeed only, USB 2 only; EHCI; UHCI or hub; EHCI with companion. */
const PORTS = [LOW | FULL | HIGH | SUPER, SUPER, LOW | FULL | HIGH, HIGH, LOW | FULL, LOW | FULL | HIGH];

describe('speeds of a passed-through device on 7.2, measured on a real usb-host', () => {
  test.each<[string, DeviceShape, string]>([
    ['low-speed keyboard', device(1.5, setting(interrupt(8))), 'low - low - low low'],
    ['full-speed serial', device(12, setting(bulk())), 'full - full - full full'],
    ['full-speed audio', device(12, setting(iso)), 'full - full - full full'],
    ['high-speed bulk', device(480, setting(bulk())), 'high - high high full high'],
    ['high-speed interrupt of 64', device(480, setting(interrupt(64))), 'high - high high full high'],
    ['high-speed SCSI disk', device(480, scsi(bulk())), 'high - high high full high'],
    ['high-speed interrupt of 65', device(480, setting(interrupt(65))), 'high - high high - high'],
    ['high-speed webcam', device(480, setting(), setting(iso)), 'high - high high - high'],
    ['SuperSpeed bulk', device(5000, setting(bulk())), 'super super high high full high'],
    ['SuperSpeed UAS stick', device(5000, scsi(bulk()), scsi(bulk(16))), 'super super high high full high'],
    ['10 Gb/s bulk', device(10000, setting(bulk())), 'super super high high full high'],
    ['SuperSpeed interrupt of 1024', device(5000, setting(interrupt(1024))), 'super super high high - high'],
    ['SuperSpeed interrupt of 1025', device(5000, setting(interrupt(1025))), 'super super - - - -'],
    ['SuperSpeed camera', device(5000, setting(iso)), 'super super - - - -'],
    ['SuperSpeed bulk streams that are no disk', device(5000, setting(bulk(4))), 'super super - - - -'],
  ])('%s', (_, shape, expected) => {
    const speeds = hostDeviceSpeeds(shape, V72);
    const mask = 'mask' in speeds ? speeds.mask : 0;
    expect(PORTS.map((port) => negotiate(mask, port) ?? '-').join(' ')).toBe(expected);
  });

  test('additional transactions count into the packet size, as QEMU compares the raw field', () => {
    expect(hostDeviceSpeeds(device(480, setting(interrupt(0x0840))), V72)).toEqual({ mask: HIGH, native: 'high' });
  });

  test('what stands before the SCSI setting of an interface still counts, what comes after does not', () => {
    expect(hostDeviceSpeeds(device(5000, setting(iso), scsi(bulk())), V72)).toEqual({ mask: SUPER, native: 'super' });
    expect(hostDeviceSpeeds(device(5000, scsi(bulk(16)), setting(iso)), V72)).toMatchObject({
      mask: SUPER | HIGH | FULL,
    });
  });

  test('what is not told may be what forbids a slower speed', () => {
    const told = device(480, setting(bulk()));
    expect(hostDeviceSpeeds({ ...told, partial: true }, V72)).toEqual({ mask: HIGH, native: 'high' });
    const untold: EndpointShape = { ...bulk(), streams: undefined };
    expect(hostDeviceSpeeds(device(5000, setting(untold)), V72)).toEqual({ mask: SUPER, native: 'super' });
  });

  test('one interface or configuration that cannot fall back binds the whole device', () => {
    const two: DeviceShape = {
      megabits: 5000,
      configurations: [
        { interfaces: [{ altSettings: [scsi(bulk(16))] }, { altSettings: [setting(bulk())] }] },
        { interfaces: [{ altSettings: [setting(interrupt(512))] }] },
      ],
    };
    expect(hostDeviceSpeeds(two, V72)).toEqual({ mask: SUPER | HIGH, native: 'super' });
  });
});

describe('by version', () => {
  const uas = device(5000, scsi(bulk()), scsi(bulk(16)));

  test('before 6.1 a SuperSpeed UAS disk cannot fall back', () => {
    expect(hostDeviceSpeeds(uas, V60)).toEqual({ mask: SUPER, native: 'super' });
    expect(hostDeviceSpeeds(uas, V61)).toEqual({ mask: SUPER | HIGH | FULL, native: 'super' });
  });

  test('before 6.0 a 10 Gb/s device attaches nowhere', () => {
    expect(hostDeviceSpeeds(device(10000), V52)).toEqual({ unsupported: 'speed-10000' });
    expect(hostDeviceSpeeds(device(10000), V60)).toMatchObject({ native: 'super' });
  });

  test.each([V52, V72, { major: 11, minor: 1, micro: 3 }])('20 Gb/s is luck on every version', (version) => {
    expect(hostDeviceSpeeds(device(20000), version)).toEqual({ unsupported: 'speed-20000' });
  });

  test.each([undefined, 0, 2500, Number.NaN])('%s Mb/s is low speed to QEMU', (megabits) => {
    expect(hostDeviceSpeeds(device(megabits, setting(bulk())), V72)).toEqual({ mask: LOW, native: 'low' });
  });
});

test('whatever the descriptors say, the mask holds the own speed and nothing above it', () => {
  const endpoint = fc.record({
    type: fc.constantFrom<EndpointShape['type']>('control', 'isochronous', 'bulk', 'interrupt'),
    maxPacketSize: fc.nat(65535),
    streams: fc.nat(31),
  });
  const alt = fc.record({
    class: fc.constantFrom(8, 255),
    subclass: fc.constantFrom(6, 0),
    endpoints: fc.array(endpoint),
  });
  const shape = fc.record({
    megabits: fc.constantFrom(1.5, 12, 480, 5000, 10000),
    configurations: fc.array(fc.record({ interfaces: fc.array(fc.record({ altSettings: fc.array(alt) })) })),
  });
  fc.assert(
    fc.property(shape, fc.constantFrom(V60, V61, V72), (one, version) => {
      const speeds = hostDeviceSpeeds(one, version);
      expect(speeds).toHaveProperty('mask');
      const { mask, native } = speeds as { mask: number; native: 'low' };
      expect(mask & maskOf(native)).toBe(maskOf(native));
      expect(mask).toBeLessThan(maskOf(native) * 2);
    }),
  );
});
