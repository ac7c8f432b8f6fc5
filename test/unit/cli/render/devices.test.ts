import fc from 'fast-check';
import pico from 'picocolors';
import { describe, expect, test } from 'vitest';
import { renderDeviceTree } from '../../../../src/cli/render/device-tree.js';
import { renderDeviceEvent, renderDevices } from '../../../../src/cli/render/devices.js';
import type { HostDevice } from '../../../../src/host/index.js';
import { width } from '../../../../src/view/text/text-width.js';
import { inventoryOf, recording } from '../../host/recordings.js';
import { runs } from '../../runs.js';
import { dangerous } from './dangerous.js';

const uncolored = pico.createColors(false);
const plain = { outColors: uncolored, errColors: uncolored, columns: undefined, errColumns: undefined };
const painted = { outColors: pico.createColors(true), columns: undefined };

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
