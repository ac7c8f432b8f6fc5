import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseProperties, parseQemuArgs, startsPaused } from '../../../../src/launcher/command-line/qemu-args.js';

describe('parseQemuArgs', () => {
  test('divides words as QEMU does: flags that take a value take any', () => {
    const args = ['-nographic', '--S', '-append', '-usb', 'disk.img', '-s', '-m'];
    expect(parseQemuArgs(args)).toEqual([
      { flag: 'nographic', value: undefined, index: 0 },
      { flag: 'S', value: undefined, index: 1 },
      { flag: 'append', value: '-usb', index: 2 },
      { flag: undefined, value: 'disk.img', index: 4 },
      { flag: 's', value: undefined, index: 5 },
      { flag: 'm', value: undefined, index: 6 },
    ]);
  });

  test('loses no word of any arguments', () => {
    const word = fc.constantFrom('-S', '--usb', '-m', '-device', 'x', '', '-', '--', '1G', '-nographic');
    fc.assert(
      fc.property(fc.array(word), (args) => {
        const back = parseQemuArgs(args).flatMap(({ flag, value, index }) => [
          ...(flag === undefined ? [] : [args[index]]),
          ...(value === undefined ? [] : [value]),
        ]);
        expect(back).toEqual(args);
      }),
    );
  });

  test('-S counts as a flag only, not as a value', () => {
    expect([startsPaused(['-S']), startsPaused(['--S']), startsPaused(['-L', '-S']), startsPaused([])]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('parseProperties', () => {
  test.each([
    ['usb-tablet,bus=xhci.0,port=1', { driver: 'usb-tablet', bus: 'xhci.0', port: '1' }],
    ['driver=usb-tablet,id=a=b', { driver: 'usb-tablet', id: 'a=b' }],
    ['x,serial=a,,b,multifunction', { driver: 'x', serial: 'a,b', multifunction: 'on' }],
    ['{"driver":"usb-kbd","port":"1","ports":8}', { driver: 'usb-kbd', port: '1', ports: '8' }],
    ['{"driver', {}],
    ['{"a":null}', { a: 'null' }],
    ['', { driver: '' }],
  ])('%s', (text, properties) => {
    expect(Object.fromEntries(parseProperties(text, 'driver'))).toEqual(properties);
  });
});
