import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describe as words } from '../../../../src/diag/index.js';
import { isSelector, parseSelector, requireSelector } from '../../../../src/host/index.js';
import { runs } from '../../runs.js';

describe('selectors', () => {
  it.each([
    ['0781:5567', { by: 'id', vendorId: 0x781, productId: 0x5567, serial: undefined }],
    ['0ABC:dEf0', { by: 'id', vendorId: 0xabc, productId: 0xdef0, serial: undefined }],
    ['0x781:0x67', { by: 'id', vendorId: 0x781, productId: 0x67, serial: undefined }],
    [' 0781:5567 ', { by: 'id', vendorId: 0x781, productId: 0x5567, serial: undefined }],
    ['0781:5567:4C530001', { by: 'id', vendorId: 0x781, productId: 0x5567, serial: '4C530001' }],
    ['0781:5567:a:b c', { by: 'id', vendorId: 0x781, productId: 0x5567, serial: 'a:b c' }],
    ['1-2', { by: 'port', bus: 1, chain: [2] }],
    ['1-2.3', { by: 'port', bus: 1, chain: [2, 3] }],
    ['12-10.1.1.1.1.15', { by: 'port', bus: 12, chain: [10, 1, 1, 1, 1, 15] }],
    ['pci-0000:00:14.0/2.3', { by: 'location', controller: '0000:00:14.0', chain: [2, 3] }],
    ['PCI-0000:0A:14.0/2', { by: 'location', controller: '0000:0a:14.0', chain: [2] }],
    ['pci-10000:e1:00.0/4', { by: 'location', controller: '10000:e1:00.0', chain: [4] }],
    ['platform-xhci-hcd.0.auto/2.3', { by: 'location', controller: 'xhci-hcd.0.auto', chain: [2, 3] }],
    ['@1.5', { by: 'address', bus: 1, address: 5 }],
    ['@12.127', { by: 'address', bus: 12, address: 127 }],
    ['serial=4C530001', { by: 'serial', serial: '4C530001' }],
    ['SERIAL=a=b', { by: 'serial', serial: 'a=b' }],
    ['class=03', { by: 'class', class: 3 }],
    ['class=0xE0', { by: 'class', class: 0xe0 }],
    ['class=8', { by: 'class', class: 8 }],
    ['Cruzer  Blade', { by: 'words', words: ['cruzer', 'blade'] }],
    ['"Cruzer Blade"', { by: 'words', words: ['cruzer', 'blade'] }],
    ["'0781:5567 Clone'", { by: 'words', words: ['0781:5567', 'clone'] }],
    ['2-in-1 Reader', { by: 'words', words: ['2-in-1', 'reader'] }],
    ['USB: Reader', { by: 'words', words: ['usb:', 'reader'] }],
    ['maker = x', { by: 'words', words: ['maker', '=', 'x'] }],
    ['Ünïcödé', { by: 'words', words: ['ünïcödé'] }],
  ])('reads %j', (text, expected) => {
    expect(parseSelector(text)).toEqual({ ...expected, text: text.trim() });
  });

  it.each([
    ['', 'empty', undefined],
    ['  \t', 'empty', undefined],
    ['""', 'empty', undefined],
    ['x'.repeat(513), 'too-long', undefined],
    ['1:2', 'id-digits', '0001:0002'],
    ['781:5567:X', 'id-digits', '0781:5567'],
    ['0781:', 'id-digits', undefined],
    [':', 'id-digits', undefined],
    ['0781:55zz', 'id-digits', undefined],
    ['07810:5567', 'id-digits', undefined],
    ['0781:*', 'id-digits', undefined],
    ['0781:5567:', 'id-serial-empty', '0781:5567'],
    ['0781:5567: ', 'id-serial-empty', '0781:5567'],
    ['1-', 'port-form', undefined],
    ['1-2.', 'port-form', undefined],
    ['1-.2', 'port-form', undefined],
    ['1-2..3', 'port-form', undefined],
    ['99999-1', 'port-form', undefined],
    ['1-0', 'port-zero', undefined],
    ['1-2.03', 'port-zero', undefined],
    ['1-256', 'port-zero', undefined],
    ['0-1', 'port-zero', undefined],
    ['01-2', 'port-zero', '1-2'],
    ['1-1.1.1.1.1.1.1', 'port-depth', undefined],
    ['1-2.3:1.0', 'interface-name', '1-2.3'],
    ['1-0:1.0', 'interface-name', undefined],
    ['@', 'address-form', undefined],
    ['@1', 'address-form', undefined],
    ['@1.2.3', 'address-form', undefined],
    ['@x.y', 'address-form', undefined],
    ['@001:005', 'address-form', '@1.5'],
    ['@0.5', 'address-range', undefined],
    ['@1.128', 'address-range', undefined],
    ['1.5', 'address-without-at', '@1.5'],
    ['/dev/bus/usb/001/005', 'node-path', '@1.5'],
    ['003/010', 'node-path', '@3.10'],
    ['pci-0000:00:14.0', 'location-without-port', undefined],
    ['pci-0000:00:14.0/', 'location-without-port', undefined],
    ['pci-00:14.0/2.3', 'location-controller', 'pci-0000:00:14.0/2.3'],
    ['pci-', 'location-controller', undefined],
    ['pci-/2', 'location-controller', undefined],
    ['platform-/2', 'location-controller', undefined],
    ['pci-0000:00:14.0/x', 'location-port', undefined],
    ['pci-0000:00:14.0/1-2', 'location-port', undefined],
    ['pci-0000:00:14.0/0', 'port-zero', undefined],
    ['serial=', 'serial-empty', undefined],
    ['class=', 'class-form', undefined],
    ['class=hid', 'class-form', undefined],
    ['class=123', 'class-form', undefined],
    ['serail=X', 'key-unknown', 'serial=X'],
    ['clas=03', 'key-unknown', 'class=03'],
    ['vendor=0781', 'key-unknown', undefined],
    ['"Cruzer', 'quote-open', '"Cruzer"'],
    ["'", 'quote-open', "''"],
  ])('refuses %j as %s and proposes %j', (selector, problem, meant) => {
    expect(parseSelector(selector)).toEqual({
      code: 'selector-invalid',
      severity: 'error',
      evidence: { selector, problem, meant },
    });
  });

  it('says what was written, why it is wrong and what to write', () => {
    const found = parseSelector('1:2');
    expect(isSelector(found)).toBe(false);
    expect(() => requireSelector('1:2')).toThrow(
      '"1:2" is not a selector: vendor and product are four hexadecimal digits each',
    );
    expect(words(found as Exclude<typeof found, { by: string }>).fix).toBe('0001:0002');
  });

  it('propose nothing that is itself refused for another reason than being volatile', () => {
    const text = fc.oneof(
      fc.tuple(fc.nat(0xffff), fc.nat(0xffff)).map(([a, b]) => `${a.toString(16)}:${b.toString(16)}`),
      fc.tuple(fc.integer({ min: 1, max: 999 }), fc.integer({ min: 1, max: 127 })).map(([a, b]) => `@00${a}/${b}`),
      fc.tuple(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1, max: 15 })).map(([a, b]) => `0${a}-${b}`),
    );
    fc.assert(
      fc.property(text, (any) => {
        const parsed = parseSelector(any);
        const meant = isSelector(parsed) ? any : (parsed.evidence as { meant?: string }).meant;
        expect(isSelector(parseSelector(meant ?? ''))).toBe(true);
      }),
      { numRuns: runs(1000) },
    );
  });
});
