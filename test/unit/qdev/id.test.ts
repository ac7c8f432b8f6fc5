import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deviceId, hubId, isOurs, isQemuId, makeId, parseDeviceId, uniqueId } from '../../../src/qdev/index.js';

describe('ids', () => {
  test.each(['', '1a', '-a', '.a', '_a', 'a b', 'a/b', 'a,b', 'ä', 'a\n', 'a#0'])(
    '%j is not valid on every QEMU',
    (text) => {
      expect(isQemuId(text)).toBe(false);
    },
  );

  test.each(['a', 'X', 'a-b.c_9'])('%j is valid', (text) => {
    expect(isQemuId(text)).toBe(true);
  });

  test('whatever it is made of, an id is valid', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.integer())), (parts) => {
        expect(isQemuId(makeId(...parts))).toBe(true);
      }),
    );
  });

  test('good parts stay as they are', () => {
    expect(makeId('usb-tablet', 1)).toBe('usb-tablet-1');
    expect(makeId('my disk', '4/5')).toBe('my_disk-4_5');
  });

  test('the id of a host device tells what it is and the port it came from', () => {
    expect(deviceId({ vendorId: 0x781, productId: 0x5567, port: '1-2.3' })).toBe('qplug-0781-5567-1-2.3');
  });

  test('and is read back, also when a number was added', () => {
    const number = fc.integer({ min: 0, max: 0xffff });
    const port = fc.tuple(
      fc.integer({ min: 1, max: 99 }),
      fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 1, maxLength: 6 }),
    );
    fc.assert(
      fc.property(number, number, port, (vendorId, productId, [bus, chain]) => {
        const identity = { vendorId, productId, port: `${bus}-${chain.join('.')}` };
        const id = deviceId(identity);
        expect(isQemuId(id) && isOurs(id)).toBe(true);
        expect(parseDeviceId(id)).toEqual(identity);
        expect(parseDeviceId(uniqueId(id, new Set([id, `${id}_2`])))).toEqual(identity);
      }),
    );
  });

  test.each(['qplug-hub-x.0-1', 'qplug-0781-5567', 'qplug-0781-5567-1-2.', 'x-0781-5567-1-2', 'qplug-0781-5567-1-2\n'])(
    '%j is not the id of a host device',
    (id) => {
      expect(parseDeviceId(id)).toBeUndefined();
    },
  );

  test('hubs are ours too', () => {
    expect(hubId('xhci.0', '2.3')).toBe('qplug-hub-xhci.0-2.3');
    expect([hubId('x.0', '1'), 'qplug', 'x'].map(isOurs)).toEqual([true, false, false]);
  });

  test('the first free name is taken', () => {
    expect(uniqueId('a', new Set())).toBe('a');
    expect(uniqueId('a', new Set(['a', 'a_2', 'a_4']))).toBe('a_3');
  });
});
