import { expect, test } from 'vitest';
import { nearest } from '../../../src/diag/index.js';

const KNOWN = ['usb-tablet', 'usb-mouse', 'usb-kbd', 'q35', 'pc'];

test.each([
  ['usb-tablte', 'usb-tablet'],
  ['USB-Mouse', 'usb-mouse'],
  ['usbmouse', 'usb-mouse'],
  ['q53', 'q35'],
  ['', 'pc'],
  ['something else', undefined],
])('%s is near to %s', (word, near) => {
  expect(nearest(word, KNOWN)).toBe(near);
});

test('of two that are as near, the first', () => {
  expect(nearest('ac', ['ab', 'ad'])).toBe('ab');
  expect(nearest('x', [])).toBe(undefined);
});
