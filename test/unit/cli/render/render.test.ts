import fc from 'fast-check';
import pico from 'picocolors';
import { describe, expect, test } from 'vitest';
import { renderDeviceTree } from '../../../../src/cli/render/device-tree.js';
import { renderDeviceEvent, renderDevices } from '../../../../src/cli/render/devices.js';
import { renderFinding } from '../../../../src/cli/render/finding.js';
import { renderPlan } from '../../../../src/cli/render/plan.js';
import { table } from '../../../../src/cli/render/table.js';
import { ranges } from '../../../../src/cli/render/topology.js';
import { finding, printable } from '../../../../src/diag/index.js';
import type { HostDevice } from '../../../../src/host/index.js';
import { plan } from '../../../../src/planner/index.js';
import { FULL, HIGH, predictControllers, SUPER } from '../../../../src/qdev/index.js';
import { speedText } from '../../../../src/view/text/speed-text.js';
import { cut, pad, shorten, width, wrap } from '../../../../src/view/text/text-width.js';
import { inventoryOf, recording } from '../../host/recordings.js';
import { runs } from '../../runs.js';
import { attached, world } from '../../view/topologies.js';

const uncolored = pico.createColors(false);
const plain = { outColors: uncolored, errColors: uncolored, columns: undefined, errColumns: undefined };
const painted = { outColors: pico.createColors(true), columns: undefined };

/** What a terminal would obey, our own colours and line feeds taken away. */
function dangerous(text: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  const bare = text.replaceAll(/\u001b\[\d{1,2}m/g, '').replaceAll('\n', '');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return bare.match(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g) ?? [];
}

describe('speeds', () => {
  test.each([
    [1.5, '1.5M'],
    [12, '12M'],
    [480, '480M'],
    [5000, '5G'],
    [20000, '20G'],
    [undefined, '?'],
  ])('%s Mb/s is %s', (megabits, words) => {
    expect(speedText(megabits)).toBe(words);
  });
});

describe('ranges', () => {
  test.each([
    [[], ''],
    [[4], '4'],
    [[1, 2, 3, 5, 7, 8], '1-3 5 7-8'],
  ])('%j is "%s"', (numbers, text) => {
    expect(ranges(numbers.map(String))).toBe(text);
  });

  test('paths behind a hub are whole', () => {
    expect(ranges(['15.1', '15.2', '15.5'])).toBe('15.1-15.2 15.5');
  });

  test('the numbers can be read back', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 40 })), (numbers) => {
        const back = ranges([...numbers].sort((a, b) => a - b).map(String))
          .split(' ')
          .filter(Boolean)
          .flatMap((part) => {
            const [first = 0, last = first] = part.split('-').map(Number);
            return Array.from({ length: last - first + 1 }, (_, index) => first + index);
          });
        expect(back).toEqual([...numbers].sort((a, b) => a - b));
      }),
    );
  });
});

describe('text', () => {
  test('width counts what a terminal shows', () => {
    expect(width('abc')).toBe(3);
    expect(width(pico.createColors(true).red('abc'))).toBe(3);
    expect(width('日本')).toBe(4);
    expect(width('e\u0301')).toBe(1);
    expect(width('🙂')).toBe(2);
  });

  test.each([
    ['⌚', 2],
    ['✔', 1],
    ['Ａ', 2],
    ['ｱ', 1],
    ['한', 2],
    ['\u1112\u1161\u11ab', 2],
    ['〿', 1],
    ['🇩🇪', 2],
    ['a\u200bb', 2],
    ['é', 1],
    ['━├', 2],
    ['𠀀', 2],
  ])('%s takes %i columns', (text, columns) => {
    expect(width(text)).toBe(columns);
  });

  test('shorten keeps start and end, and divides no escape and no letter with its marks', () => {
    expect(shorten('0781:5567 "Ultra" at 1-2', 24)).toBe('0781:5567 "Ultra" at 1-2');
    expect(shorten('0781:5567 "SanDisk Ultra" at 1-2', 24)).toBe('0781:5567 "SanDi… at 1-2');
    expect(shorten('\\x1b\\x1b\\x1b\\x1b', 10)).toBe('\\x1b\\x1b…');
    expect(shorten('日本語日本語', 6)).toBe('日本…');
    expect(shorten('abc', 0)).toBe('');
    expect(shorten('abc', 1)).toBe('…');
  });

  test('what was shortened fits, and is made of the start and the end of what it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 30 }), (text, columns) => {
        const told = printable(text);
        const shown = shorten(told, columns);
        expect(width(shown)).toBeLessThanOrEqual(columns);
        if (shown === told) return;
        expect(width(told)).toBeGreaterThan(columns);
        const cuts = [...shown.matchAll(/…/g)].map(({ index }) => [shown.slice(0, index), shown.slice(index + 1)]);
        expect(cuts.some(([start = '', end = '']) => told.startsWith(start) && told.endsWith(end))).toBe(true);
      }),
      { numRuns: runs(500) },
    );
  });

  test('cut leaves what fits and marks what does not', () => {
    expect(cut('abc', 3)).toBe('abc');
    expect(cut('abcd', 3)).toBe('ab…');
    expect(cut('日本語', 4)).toBe('日…');
    expect(cut('abc', Number.POSITIVE_INFINITY)).toBe('abc');
  });

  test('what was cut or padded never takes more or less than asked', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 30 }), (text, columns) => {
        expect(width(cut(text, columns))).toBeLessThanOrEqual(columns);
        expect(width(pad(cut(text, columns), columns))).toBe(columns);
      }),
    );
  });

  test('wrap keeps every word, in lines that fit where a word allows it', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 }), (words) => {
        const lines = wrap(words.join(' '), 12);
        expect(lines.join(' ')).toBe(words.join(' '));
        expect(Math.max(...lines.map(width))).toBeLessThanOrEqual(12);
      }),
    );
  });
});

describe('table', () => {
  const rows = [
    ['A', 'LONG', 'LAST'],
    ['aaa', 'b', 'the last column is as long as it is'],
    ['', 'bb', ''],
  ];

  test('aligns columns and leaves no space at the end of a line', () => {
    expect(table(rows)).toBe('A    LONG  LAST\naaa  b     the last column is as long as it is\n     bb');
  });

  test('cuts the last column to the terminal', () => {
    expect(table(rows, { columns: 30 }).split('\n')[1]).toBe('aaa  b     the last column is…');
  });

  test('leaves some of the last column however narrow the terminal is', () => {
    expect(table(rows, { columns: 1 }).split('\n')[1]).toBe('aaa  b     the last co…');
  });

  test('paints the heading alone', () => {
    expect(table([['H'], ['x']], { paint: (text) => `<${text}>` })).toBe('<H>\nx');
  });
});

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

describe('host devices', () => {
  const inventory = inventoryOf(recording('hub-twins-gadgets'));

  test('are one a line under a heading', () => {
    const lines = renderDevices(inventory.devices, inventory, plain).split('\n');
    expect(lines[0]).toMatch(/^PORT +ID +SPEED +DRIVER +SERIAL +NAME$/);
    expect(lines).toHaveLength(inventory.devices.length + 1);
  });

  test('fit into 80 columns, and are whole where there is no terminal', () => {
    const narrow = renderDevices(inventory.devices, inventory, { ...plain, columns: 80 }).split('\n');
    const wide = renderDevices(inventory.devices, inventory, plain).split('\n');
    expect(Math.max(...narrow.map(width))).toBeLessThanOrEqual(80);
    expect(narrow.map((line) => line.replace(/…$/, ''))).toEqual(
      wide.map((line, index) => line.slice(0, narrow[index]?.replace(/…$/, '').length)),
    );
  });

  test.each([
    ['denied', '(not yours to open)'],
    ['missing', '(no device node)'],
  ] as const)('that are %s say so', (access, words) => {
    const [first] = inventory.devices as [HostDevice];
    expect(renderDevices([{ ...first, access }], inventory, plain)).toContain(words);
  });

  test('none at all, and none that match, are words of their own', () => {
    expect(renderDevices([], { devices: [], hubs: [] }, plain)).toBe('no USB devices on this host');
    expect(renderDevices([], inventory, plain)).toBe('no USB device matches');
  });

  test('hang on their hubs in the tree', () => {
    const lines = renderDeviceTree(inventory.devices, inventory, plain).split('\n');
    for (const { port } of inventory.devices) {
      expect(lines.filter((line) => line.includes(` ${port}  `))).toHaveLength(1);
    }
    const hub = inventory.hubs.find((one) => one.chain.length === 1)?.port ?? '';
    const behind = inventory.devices.find((one) => one.port.startsWith(`${hub}.`))?.port ?? '';
    const at = (port: string): number => lines.findIndex((line) => line.includes(` ${port}  `));
    expect(at(behind)).toBeGreaterThan(at(hub));
    expect(lines[at(behind)]?.indexOf(behind)).toBe((lines[at(hub)]?.indexOf(hub) ?? 0) + 3);
  });

  test('of the tree are those that were asked for, hubs apart', () => {
    const [first] = inventory.devices as [HostDevice];
    const lines = renderDeviceTree([first], inventory, plain).split('\n');
    expect(lines.filter((line) => inventory.devices.some(({ port }) => line.includes(` ${port}  `)))).toHaveLength(1);
  });

  test('with any strings send nothing raw to the terminal', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\u001b[2J\u001b]0;x\u0007', 'a\nb', '\u202egnp.exe'),
    );
    fc.assert(
      fc.property(hostile, hostile, hostile, (name, serial, driver) => {
        const devices = inventory.devices.map((one) => ({
          ...one,
          name,
          serial,
          interfaces: one.interfaces.map((other) => ({ ...other, driver })),
        }));
        const all = { devices, hubs: inventory.hubs.map((one) => ({ ...one, name, controller: driver })) };
        for (const terminal of [plain, { ...painted, columns: 60 }]) {
          expect(dangerous(renderDevices(devices, all, terminal))).toEqual([]);
          expect(dangerous(renderDeviceTree(devices, all, terminal))).toEqual([]);
        }
        expect(dangerous(renderDeviceEvent('plugged', devices[0] as HostDevice))).toEqual([]);
      }),
      { numRuns: runs(60) },
    );
  });
});

describe('a plan', () => {
  const free = world([]);
  const request = { mandatory: true, slower: 'allow' as const, native: 'super' as const, mask: SUPER | HIGH | FULL };

  test('names what is placed, what is added, what is slower and what has no place', () => {
    const small = { ...free, controllers: predictControllers([{ id: 'uhci', model: 'piix3-usb-uhci' }]) };
    const devices = [
      { key: 'a', id: 'a', label: 'card', ...request },
      ...['b', 'c'].map((key) => ({ key, id: key, label: key, ...request, native: 'full' as const, mask: FULL })),
      { key: 'd', id: 'd', label: 'disk', ...request, slower: 'refuse' as const },
    ];
    const made = plan({ topology: small, growth: { hubs: true, controllers: [] }, devices });
    const text = renderPlan(made, plain);
    expect(text).toMatch(/12M +card +slower: it can do 5G/);
    expect(text).toMatch(/hub, \d ports, will be added/);
    expect(text).toContain('no place: disk');
  });

  test('says what a hub is for, where ports are free that it spares', () => {
    const small = { ...free, controllers: predictControllers([{ id: 'x', model: 'qemu-xhci', p2: 4, p3: 4 }]) };
    const slow = (key: string) => ({ key, id: key, label: key, ...request, native: 'full' as const, mask: FULL });
    const planned = (reserve: number, keys: string[]) =>
      renderPlan(
        plan({ topology: small, growth: { hubs: true, controllers: [] }, devices: keys.map(slow), reserve }),
        plain,
      );
    expect(planned(4, ['a'])).toContain('hub, 8 ports, will be added, keeps fast ports free');
    expect(planned(0, ['a', 'b', 'c', 'd', 'e'])).toMatch(/hub, 8 ports, will be added {2}qplug/);
  });

  test('names the controllers that it adds', () => {
    const none = { ...free, controllers: [] };
    const controllers = [{ id: 'more', model: 'qemu-xhci' as const, pciBus: 'pci.0' }];
    const devices = [{ key: 'a', id: 'a', label: 'card', ...request }];
    const made = plan({ topology: none, growth: { hubs: false, controllers }, devices });
    expect(renderPlan(made, plain)).toContain('controller more (qemu-xhci) will be added on PCI bus pci.0');
  });

  test('with any strings in the VM sends nothing raw to the terminal', () => {
    const string = fc.string({ unit: 'binary', minLength: 1 });
    fc.assert(
      fc.property(string, string, string, (id, product, driver) => {
        const topology = world(
          [attached({ id, product, driver }), attached({ port: undefined, driver, product: undefined })],
          { id, model: driver },
        );
        const made = plan({ topology, growth: { hubs: false, controllers: [] }, devices: [] });
        expect(dangerous(renderPlan(made, plain))).toEqual([]);
        expect(dangerous(renderPlan(made, { ...painted, columns: 50 }))).toEqual([]);
      }),
    );
  });
});
