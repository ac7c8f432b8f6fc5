import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type PlaceRecord, PlaceStore } from '../../../../src/registry/index.js';
import { parsePlaceRecord } from '../../../../src/registry/state/place-record.js';

const RECORD: PlaceRecord = {
  format: 1,
  vm: 'bench',
  controllers: [{ id: 'xhci', model: 'qemu-xhci', pciBus: 'pcie.0', address: '10.0' }],
  devices: [
    { who: { id: 'tablet' }, label: 'tablet', bus: 'xhci.0', port: '1' },
    {
      who: { controller: '0000:00:14.0', chain: [2, 3], vendorId: 0x781, productId: 0x5567, serial: 'S' },
      select: '0781:5567',
      label: 'stick',
      bus: 'xhci.0',
      port: '2.1',
    },
  ],
};

let state: string;
let store: PlaceStore;
let path: string;
beforeEach(() => {
  state = join(mkdtempSync(join(tmpdir(), 'qplug-places-')), 'state');
  store = new PlaceStore(state);
  path = join(state, 'places', 'bench.json');
});
afterEach(() => rmSync(join(state, '..'), { recursive: true, force: true }));

describe('the places of a VM', () => {
  test('come back as they were written, in files closed to others', () => {
    expect(store.read('bench')).toEqual({ record: undefined, findings: [] });
    expect(store.write(RECORD)).toEqual([]);
    expect(store.read('bench')).toEqual({ record: RECORD, findings: [] });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(state, 'places')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(state, 'places'))).toEqual(['bench.json']);
  });

  test.each([
    ['nothing', ''],
    ['half a record', JSON.stringify(RECORD).slice(0, 99)],
    ['other JSON', '[]'],
    ['a device without a port', JSON.stringify({ ...RECORD, devices: [{ who: { id: 'x' }, label: 'x', bus: 'b' }] })],
    ['a device of nobody', JSON.stringify({ ...RECORD, devices: [{ who: {}, label: 'x', bus: 'b', port: '1' }] })],
    ['a chain of words', JSON.stringify({ ...RECORD, devices: [{ ...RECORD.devices[1], who: { chain: ['x'] } }] })],
  ])('a file with %s is told, and written anew', (_, text) => {
    store.write(RECORD);
    writeFileSync(path, text);
    expect(store.read('bench')).toMatchObject({
      record: undefined,
      findings: [{ code: 'places-unreadable', severity: 'warning', evidence: { reason: 'torn', path } }],
    });
    expect(store.write(RECORD)).toEqual([]);
    expect(store.read('bench').record).toEqual(RECORD);
  });

  test('a file of a newer qplug is told and left alone', () => {
    store.write(RECORD);
    const text = JSON.stringify({ format: 2, anything: true });
    writeFileSync(path, text);
    expect(store.read('bench').findings).toMatchObject([{ code: 'places-unreadable', evidence: { reason: 'newer' } }]);
    expect(store.write(RECORD)).toEqual([]);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  test('what can’t be written is a warning, and leaves what was there', () => {
    mkdirSync(path, { recursive: true });
    const [found] = store.write({ ...RECORD, devices: [] });
    expect(found).toMatchObject({ code: 'places-not-saved', severity: 'warning' });
    expect(readdirSync(dirname(path))).toEqual([basename(path)]);
    expect(readdirSync(path)).toEqual([]);
  });

  test('any text at all is a record or is not; nothing is thrown', () => {
    const json = fc.jsonValue().map((value) => JSON.stringify(value));
    const near = fc.record({
      format: fc.constantFrom(0, 1, 2, '1'),
      vm: fc.string(),
      controllers: fc.jsonValue(),
      devices: fc.jsonValue(),
    });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          json,
          near.map((one) => JSON.stringify(one)),
        ),
        (text) => {
          const parsed = parsePlaceRecord(text);
          if (typeof parsed === 'object') expect(parsePlaceRecord(JSON.stringify(parsed))).toEqual(parsed);
          else expect(['torn', 'newer']).toContain(parsed);
        },
      ),
    );
  });
});
