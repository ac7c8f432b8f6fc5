import { describe, expect, test } from 'vitest';
import {
  FULL,
  HIGH,
  LOW,
  maskOf,
  type RedirDevice,
  redirNegotiate,
  redirSpeeds,
  SPEEDS,
  SUPER,
} from '../../../../src/qdev/index.js';

const bulk = { type: 'bulk', maxPacketSize: 512 } as const;
const iso = { type: 'isochronous', maxPacketSize: 192 } as const;
const interrupt = (maxPacketSize: number) => ({ type: 'interrupt', maxPacketSize }) as const;
const TOLD = { packetSizes: true };

describe('speeds of a redirected device', () => {
  test.each<[RedirDevice['speed'], RedirDevice['endpoints'], number]>([
    ['low', [interrupt(8)], LOW],
    ['full', [iso], FULL],
    ['full', [bulk], FULL],
    ['high', [bulk], HIGH | FULL],
    ['high', [interrupt(64)], HIGH | FULL],
    ['high', [interrupt(65)], HIGH],
    ['high', [iso, bulk], HIGH],
    ['super', [], SUPER | HIGH | FULL],
    ['super', [interrupt(1024)], SUPER | HIGH],
    ['super', [interrupt(1025)], SUPER],
    ['super', [bulk, iso], SUPER],
    [undefined, [bulk], FULL | HIGH],
    [undefined, [iso], FULL],
  ])('%s with %j', (speed, endpoints, mask) => {
    expect(redirSpeeds({ speed, endpoints }, TOLD).mask).toBe(mask);
  });

  test('where sizes are not told, any interrupt endpoint rules out the slower speeds', () => {
    const endpoints = [interrupt(8)];
    expect(redirSpeeds({ speed: 'super', endpoints }, { packetSizes: false }).mask).toBe(SUPER);
    expect(redirSpeeds({ speed: 'super', endpoints: [bulk] }, { packetSizes: false }).mask).toBe(SUPER | HIGH | FULL);
  });

  test('its own speed is always among them, and is its native one', () => {
    for (const speed of SPEEDS) {
      for (const endpoints of [[], [bulk], [iso], [interrupt(2000)]]) {
        const { mask, native } = redirSpeeds({ speed, endpoints }, TOLD);
        expect(mask & maskOf(speed)).toBe(maskOf(speed));
        expect(native).toBe(speed);
      }
    }
  });
});

describe('at a port', () => {
  const able = { packetSizes: true, longBulk: true, longIds: true };

  test.each(['packetSizes', 'longBulk', 'longIds'] as const)('a port with SuperSpeed asks for %s', (ability) => {
    const peer = { ...able, [ability]: false };
    expect(redirNegotiate(LOW, LOW | FULL | HIGH | SUPER, peer)).toBeUndefined();
    expect(redirNegotiate(LOW, LOW | FULL | HIGH, peer)).toBe('low');
    expect(redirNegotiate(LOW, LOW | FULL | HIGH | SUPER, able)).toBe('low');
  });

  test('else it is the fastest in common', () => {
    expect(redirNegotiate(HIGH | FULL, LOW | FULL, able)).toBe('full');
    expect(redirNegotiate(HIGH, LOW | FULL, able)).toBeUndefined();
  });
});
