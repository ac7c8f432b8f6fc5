import { describe, expect, test } from 'vitest';
import {
  EMULATED_MODELS,
  emulatedMask,
  emulatedModel,
  FULL,
  HIGH,
  HUB_MASK,
  HUB_PORT_MASK,
  isHubPortCount,
  LOW,
  negotiate,
  predictHub,
  SUPER,
} from '../../../../src/qdev/index.js';

describe('hubs', () => {
  test('a hub attaches at full speed alone', () => {
    expect(negotiate(HUB_MASK, LOW | FULL | HIGH | SUPER)).toBe('full');
    expect(negotiate(HUB_MASK, HIGH)).toBeUndefined();
    expect(negotiate(HUB_MASK, SUPER)).toBeUndefined();
  });

  test('nothing behind a hub is above 12 Mb/s', () => {
    expect(HUB_PORT_MASK).toBe(LOW | FULL);
    expect(negotiate(HUB_MASK, HUB_PORT_MASK)).toBe('full');
  });

  test('one to eight ports are possible', () => {
    expect([-1, 0, 1, 1.5, 8, 9, Number.NaN].map(isHubPortCount)).toEqual([
      false,
      false,
      true,
      false,
      true,
      false,
      false,
    ]);
  });

  test('a predicted hub has eight ports unless told otherwise', () => {
    expect(predictHub({ id: 'h', port: '1' })).toMatchObject({
      hubPorts: 8,
      driver: 'usb-hub',
      megabits: 12,
      attached: true,
    });
    expect(predictHub({ id: 'h', port: '1', ports: 3 }).hubPorts).toBe(3);
  });
});

describe('emulated devices', () => {
  test.each([
    ['usb-tablet', {}, FULL | HIGH, 'high'],
    ['usb-kbd', { usb_version: 2 }, FULL | HIGH, 'high'],
    ['usb-mouse', { usb_version: 1 }, FULL, 'full'],
    ['usb-mouse', { usb_version: '1' }, FULL, 'full'],
    ['usb-storage', { usb_version: 1 }, FULL | HIGH | SUPER, 'super'],
    ['usb-bot', {}, FULL | HIGH | SUPER, 'super'],
    ['usb-uas', {}, HIGH | SUPER, 'super'],
    ['usb-mtp', {}, FULL | HIGH, 'high'],
    ['usb-hub', {}, FULL, 'full'],
    ['usb-ccid', {}, FULL, 'full'],
    ['usb-wacom-tablet', {}, FULL, 'full'],
  ])('%s with %j', (driver, properties, mask, native) => {
    expect(emulatedMask(driver, properties)).toEqual({ mask, native });
  });

  test.each(['usb-host', 'usb-nonexist', 'toString', ''])('%j is none', (driver) => {
    expect(emulatedMask(driver)).toBeUndefined();
  });

  test('just those that need disks on their own bus, or a peer, cannot be made by -device alone', () => {
    const late = EMULATED_MODELS.filter(({ launchable }) => !launchable);
    expect(late.map(({ driver, attaches }) => `${driver} ${attaches}`)).toEqual([
      'usb-bot by-hand',
      'usb-uas by-hand',
      'usb-redir peer',
    ]);
  });

  test('those with a back end name the property for it', () => {
    expect(emulatedModel('usb-storage')).toMatchObject({ needs: 'drive', backendProperty: 'drive' });
    expect(emulatedModel('usb-serial')).toMatchObject({ needs: 'chardev', backendProperty: 'chardev' });
    expect(emulatedModel('usb-tablet')).toMatchObject({ needs: undefined, backendProperty: undefined });
  });
});
