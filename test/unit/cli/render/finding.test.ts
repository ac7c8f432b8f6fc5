import pico from 'picocolors';
import { describe, expect, test } from 'vitest';
import { renderFinding } from '../../../../src/cli/render/finding.js';
import { finding } from '../../../../src/diag/index.js';

const uncolored = pico.createColors(false);
const plain = { outColors: uncolored, errColors: uncolored, columns: undefined, errColumns: undefined };

describe('findings', () => {
  test('are a sentence, a place and what to type', () => {
    const location = { file: 'vm.yaml', line: 1, column: 2 };
    const found = finding(
      'device-missing',
      { selector: '1-2', vm: 'x', policy: 'skip' },
      { location, severity: 'note' },
    );
    expect(renderFinding(found, plain)).toBe(
      'note: 1-2 is not plugged into this host: x starts without it (when-missing: skip)\n' +
        '  at   vm.yaml:1:2\n' +
        '  fix  qplug attach x 1-2 --wait 60',
    );
  });

  test('are broken between words on a terminal, but not what is to be typed', () => {
    const found = finding('device-missing', { selector: '1-2', vm: 'x', policy: 'skip' });
    expect(renderFinding(found, { ...plain, errColumns: 30 })).toBe(
      'error: 1-2 is not plugged into\n  this host: x starts without\n  it (when-missing: skip)\n' +
        '  fix  qplug attach x 1-2 --wait 60',
    );
  });

  test('a fix of several lines stays aligned', () => {
    const found = finding('driver-not-back', { label: 'stick', interfaces: ['1-2:1.0', '1-2:1.1'] });
    const lines = renderFinding(found, plain).split('\n');
    expect(lines.slice(-2)).toEqual([
      '  fix  printf %s 1-2:1.0 | sudo tee /sys/bus/usb/drivers_probe',
      '       printf %s 1-2:1.1 | sudo tee /sys/bus/usb/drivers_probe',
    ]);
  });
});
