import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describe as words } from '../../src/diag/index.js';
import { type DecodedDescriptors, decodeDescriptors } from '../../src/host/index.js';
import { recordedDescriptors, recording } from '../unit/host/recordings.js';
import { runs } from '../unit/runs.js';

const RUNS = runs(3000);

/** What holds whatever the bytes were. */
function expectSane(decoded: DecodedDescriptors, length: number): void {
  const endpoints = decoded.configurations
    .flatMap((one) => one.interfaces)
    .flatMap((one) => one.altSettings)
    .flatMap((one) => one.endpoints);
  expect(endpoints.length * 7 + decoded.configurations.length * 9).toBeLessThanOrEqual(length);
  expect(endpoints.every((one) => (one.streams ?? 99) <= 0x1f && one.maxPacketSize <= 0xffff)).toBe(true);
  expect(decoded.findings.length).toBeLessThanOrEqual(16);
  expect(decoded.findings.every((found) => words(found).why !== undefined)).toBe(true);
}

const real = ['2-6', '6-1', '8-1', '1-4', '1-5', 'usb2'].map((name) =>
  recordedDescriptors(recording('hub-twins-gadgets'), name),
);

describe('descriptors from any device', () => {
  it('come to an end and make sense when they are random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) =>
        expectSane(decodeDescriptors(bytes, '1-1'), bytes.length),
      ),
      { numRuns: RUNS },
    );
  });

  it('come to an end and make sense when random bytes follow a device descriptor', () => {
    const header = [18, 1, 0, 3, 0, 0, 0, 9, 1, 2, 3, 4, 0, 1, 1, 2, 3, 1];
    const small = fc.array(fc.oneof(fc.nat(9), fc.constantFrom(0x30, 0x31, 0xff)), { maxLength: 400 });
    fc.assert(
      fc.property(small, (rest) =>
        expectSane(decodeDescriptors(Uint8Array.from([...header, ...rest]), '1-1'), 18 + rest.length),
      ),
      { numRuns: RUNS },
    );
  });

  it('come to an end and make sense when real ones are changed in some bytes and cut', () => {
    const change = fc.record({ at: fc.nat(400), value: fc.nat(255) });
    fc.assert(
      fc.property(fc.constantFrom(...real), fc.array(change, { maxLength: 6 }), fc.nat(400), (bytes, changes, cut) => {
        const bent = Uint8Array.from(bytes.subarray(0, Math.max(0, bytes.length - Math.max(0, cut - 200))));
        for (const { at, value } of changes) bent[at % Math.max(1, bent.length)] = value;
        expectSane(decodeDescriptors(bent, '1-1'), bent.length);
      }),
      { numRuns: RUNS },
    );
  });

  it('are looked at a few times each, at the worst that they can be', () => {
    const header = [18, 1, 0, 3, 0, 0, 0, 9, 1, 2, 3, 4, 0, 1, 1, 2, 3, 1];
    const lie = [9, 2, 0, 0, 1, 1, 0, 0x80, 50];
    const manyLies = [...header, ...Array.from({ length: 2000 }, () => lie).flat()];
    const manySteps = [...header, ...lie, ...Array.from({ length: 9000 }, () => [2, 0xff]).flat()];
    const manySettings = [...header, ...lie, ...Array.from({ length: 2000 }, () => [9, 4, 0, 0, 0, 3, 0, 0, 0]).flat()];
    const looks = [manyLies, manySteps, manySettings].map((bytes) => looksPerByte(Uint8Array.from(bytes)));
    expect(Math.max(...looks)).toBeLessThan(12);
  });
});

/** How often each byte was looked at while they were decoded, on the average. */
function looksPerByte(bytes: Uint8Array): number {
  let looks = 0;
  const counting = new Proxy(bytes, {
    get: (target, key) => {
      looks++;
      return Reflect.get(target, key);
    },
  });
  decodeDescriptors(counting, '1-1');
  return looks / bytes.length;
}
