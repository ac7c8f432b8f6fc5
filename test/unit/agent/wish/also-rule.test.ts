import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isAllowedChange, parseAlsoRule } from '../../../../src/agent/wish/index.js';
import { inventoryOf, recording } from '../../host/recordings.js';
import { runs } from '../../runs.js';
import { deviceAt } from '../sights.js';

const inventory = inventoryOf(recording('hub-twins-gadgets'));
const [tablet, storage, network] = ['1-2', '2-1', '6-1'].map((port) => deviceAt(inventory, port)) as [
  ReturnType<typeof deviceAt>,
  ReturnType<typeof deviceAt>,
  ReturnType<typeof deviceAt>,
];

describe('the text of a rule', () => {
  test.each([
    ['0483:df11', { vendorId: 0x0483, productId: 0xdf11 }],
    ['0483:DF11', { vendorId: 0x0483, productId: 0xdf11 }],
    ['2e8a:*', { vendorId: 0x2e8a, productId: undefined }],
    ['class=fe', { class: 0xfe, subclass: undefined, protocol: undefined }],
    ['class=fe01', { class: 0xfe, subclass: 1, protocol: undefined }],
    ['CLASS=FE0102', { class: 0xfe, subclass: 1, protocol: 2 }],
  ])('%s', (text, rule) => {
    expect(parseAlsoRule(text)).toEqual(rule);
  });

  test.each([
    '',
    '*',
    '*:*',
    '0483',
    '0483:',
    '0483:df1',
    '0483:df111',
    ' 0483:df11',
    '0483:df11\n',
    '04g3:df11',
    'class=',
    'class=f',
    'class=fe010',
    'class=fe010203',
    'class=*',
  ])('is none: %j', (text) => {
    expect(parseAlsoRule(text)).toBeUndefined();
    expect(isAllowedChange(tablet, [text])).toBe(false);
  });

  test('any text gives a rule or none', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(typeof isAllowedChange(tablet, [text])).toBe('boolean');
      }),
      { numRuns: runs(200) },
    );
  });
});

describe('a device', () => {
  test('may be any one without a rule', () => {
    for (const device of inventory.devices) expect(isAllowedChange(device, [])).toBe(true);
  });

  test.each([
    ['0627:0001', true, false, false],
    ['0627:*', true, false, false],
    ['1209:*', false, false, true],
    ['0627:0002', false, false, false],
    ['class=03', true, false, false],
    ['class=08', false, true, false],
    ['class=0806', false, true, false],
    ['class=080650', false, true, false],
    ['class=080662', false, false, false],
    ['class=0807', false, false, false],
    // of a configuration that is not active, too
    ['class=02', false, false, true],
    ['class=ff', false, false, false],
  ])('matches %s: a tablet %s, a disk %s, a network adapter %s', (rule, ...expected) => {
    expect([tablet, storage, network].map((device) => isAllowedChange(device, [rule]))).toEqual(expected);
  });

  test('needs to match one rule of several', () => {
    expect(isAllowedChange(storage, ['0627:*', 'what', 'class=08'])).toBe(true);
    expect(isAllowedChange(storage, ['0627:*', 'what'])).toBe(false);
  });

  test('matches by its own class, when its interfaces have none', () => {
    const bare = { ...storage, class: 0xfe, configurations: [] };
    expect(isAllowedChange(bare, ['class=fe'])).toBe(true);
    expect(isAllowedChange(bare, ['class=fe01'])).toBe(false);
  });
});
