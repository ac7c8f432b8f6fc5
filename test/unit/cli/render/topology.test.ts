import fc from 'fast-check';
import pico from 'picocolors';
import { describe, expect, test } from 'vitest';
import {
  PIPE_COLUMNS,
  ranges,
  renderHeading,
  renderTopology,
  type TreeInk,
} from '../../../../src/cli/render/topology.js';
import { printable } from '../../../../src/diag/index.js';
import type { AttachedDevice, Topology } from '../../../../src/qdev/index.js';
import { width } from '../../../../src/view/text/text-width.js';
import type { Describe, DeviceWords } from '../../../../src/view/tree/device-words.js';
import { UNSAFE } from '../../diag/unsafe.js';
import { runs } from '../../runs.js';
import { anyTopology, attached, world } from '../../view/topologies.js';

const colors = pico.createColors(false);
const NOTHING = { reserved: [], kept: [] };
const byId: Describe = (device) => ({ name: printable(device.id ?? device.driver), state: 'there' });

function render(topology: Topology, columns?: number, more: Partial<TreeInk> = {}): string[] {
  return renderTopology(topology, { describe: byId, kept: NOTHING, ...more }, { outColors: colors, columns }).split(
    '\n',
  );
}

/** What a VM with long names, a slower device and ids is told as. */
function words(device: AttachedDevice): DeviceWords {
  const name = {
    disk: 'SanDisk Extreme Pro Solid State Drive 1 TB, at the very end of its name',
    tablet: '日本語タブレット',
  }[device.id ?? ''];
  return {
    name: name ?? device.driver,
    about: device.id === 'disk' ? 'from 1-2.3' : undefined,
    trouble: device.id === 'disk' ? 'slower: it can do 5G' : undefined,
    state: 'there',
    id: `qplug-${device.id}`,
  };
}

const LIVE = world([
  attached({ id: 'hub', port: '1', driver: 'usb-hub', hubPorts: 4 }),
  attached({ id: 'tablet', port: '1.2' }),
  attached({ id: 'disk', port: '3', megabits: 480 }),
]);

describe("a VM's tree", () => {
  test('shows ports, speeds, hubs, and what is free', () => {
    const devices = [
      attached({ id: 'disk', port: '1', megabits: 5000 }),
      attached({ id: 'hub', port: '2', driver: 'usb-hub', hubPorts: 4 }),
      attached({ id: 'mouse', port: '2.2', megabits: 1.5 }),
      attached({ id: 'gone', port: '4', attached: false, megabits: undefined }),
    ];
    expect(render(world(devices))).toEqual([
      'xhci  qemu-xhci  4 ports',
      '├─ 1  5G    disk',
      '├─ 2  12M   hub',
      '│  ├─ 2.2  1.5M  mouse',
      '│  └─ free: 2.1 2.3-2.4 (1.5M 12M)',
      '├─ 4  -     gone',
      '└─ free: 3 (1.5M 12M 480M 5G)',
    ]);
  });

  test('tells whom free ports are kept for', () => {
    const kept = { reserved: [{ bus: 'xhci.0', port: '1' }], kept: [{ bus: 'xhci.0', port: '4', label: 'stick' }] };
    expect(render(world([]), 100, { kept }).slice(1)).toEqual([
      '├─ free: 1 (1.5M 12M 480M 5G), kept for fast devices',
      '├─ free: 2-3 (1.5M 12M 480M 5G)',
      '└─ kept: 4 (1.5M 12M 480M 5G), for stick',
    ]);
  });

  test('a controller that is full, one that is unknown, and none at all', () => {
    const full = world([1, 2, 3, 4].map((port) => attached({ id: `d${port}`, port: String(port) })));
    expect(render(full).at(-1)).toBe('└─ 4  12M   d4');
    expect(render(world([], { known: false, ports: [] })).join()).toContain('does not know');
    expect(render({ ...full, controllers: [] })).toEqual(['no USB controllers (QEMU 7.2.0)']);
  });

  test('what QEMU does not tell the port of is there all the same', () => {
    expect(render(world([attached({ port: undefined })])).join()).toMatch(
      /\? {2}12M +usb-mouse +QEMU does not report its port/,
    );
    expect(render(world([attached({ port: '3.1' })]))).toContain('├─ 3  a hub that QEMU did not show');
  });
});

describe('the width of the terminal', () => {
  test('is used: names, origins, troubles and ids are columns', () => {
    expect(render(LIVE, 140, { describe: words })).toEqual([
      'xhci  qemu-xhci  4 ports',
      `├─ 1  12M   usb-hub${' '.repeat(100)}qplug-hub`,
      `│  ├─ 1.2  12M   日本語タブレット${' '.repeat(86)}qplug-tablet`,
      '│  └─ free: 1.1 1.3-1.4 (1.5M 12M)',
      '├─ 3  480M  SanDisk Extreme Pro Solid State Drive 1 TB, at the very end of its name  from 1-2.3  slower: it can do 5G  qplug-disk',
      '└─ free: 2 4 (1.5M 12M 480M 5G)',
    ]);
  });

  test('of 80 columns shortens a name in the middle, and leaves out ids that have no room', () => {
    expect(render(LIVE, 80, { describe: words })[4]).toBe(
      '├─ 3  480M  SanDisk Extreme Pro So…of its name  from 1-2.3  slower: it can do 5G',
    );
    expect(render(LIVE, 90, { describe: words })[4]).toBe(
      '├─ 3  480M  SanDisk Extreme Pro … its name  from 1-2.3  slower: it can do 5G  qplug-disk',
    );
  });

  test('of 40 columns says what is wrong on a line of its own', () => {
    expect(render(LIVE, 40, { describe: words })).toEqual([
      'xhci  qemu-xhci  4 ports',
      '├─ 1  12M   usb-hub',
      '│  ├─ 1.2  12M   日本語タブレット',
      '│  └─ free: 1.1 1.3-1.4 (1.5M 12M)',
      '├─ 3  480M  SanDisk Extreme Pr… its name',
      '│           from 1-2.3',
      '│           slower: it can do 5G',
      '└─ free: 2 4 (1.5M 12M 480M 5G)',
    ]);
  });

  test(`is ${PIPE_COLUMNS} columns where there is no terminal`, () => {
    expect(render(LIVE, undefined, { describe: words })).toEqual(render(LIVE, PIPE_COLUMNS, { describe: words }));
  });

  test('shortens a long name above the tree', () => {
    const heading = (columns?: number): string =>
      renderHeading('/run/user/1000/qmp.sock', 'running', { outColors: colors, columns });
    expect(heading(20)).toBe('/run/us…ock  running');
    expect(heading()).toBe('/run/user/1000/qmp.sock  running');
  });

  test('free ports that do not fit on a line go on below it', () => {
    const devices = Array.from({ length: 7 }, (_, index) => attached({ id: 'x', port: String(2 * index + 2) }));
    const ports = Array.from({ length: 15 }, (_, index) => ({ port: index + 1, mask: 15 }));
    expect(render(world(devices, { ports }), 40).slice(-2)).toEqual([
      '└─ free: 1 3 5 7 9 11 13 15 (1.5M 12M',
      '     480M 5G)',
    ]);
  });

  test('holds for any VM: no line is wider, every device is there, nothing raw gets out', () => {
    const describing: Describe = (device) => ({
      name: `<${printable(device.product ?? device.driver)}>`,
      about: device.automatic ? 'from 1-2.3' : undefined,
      trouble: device.attached ? undefined : 'not attached',
      state: 'there',
      id: printable(device.id ?? '(no id)'),
    });
    fc.assert(
      fc.property(anyTopology, fc.integer({ min: 60, max: 200 }), (topology, columns) => {
        const lines = render(topology, columns, { describe: describing });
        expect(lines.filter((line) => width(line) > columns)).toEqual([]);
        expect(lines.filter((line) => UNSAFE.test(line))).toEqual([]);
        const devices = topology.controllers.flatMap((one) => one.devices);
        expect(lines.filter((line) => / {2}</.test(line))).toHaveLength(devices.length);
      }),
      { numRuns: runs(300) },
    );
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
