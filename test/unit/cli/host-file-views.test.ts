import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { renderDeviceTree } from '../../../src/cli/render/device-tree.js';
import { renderDevices } from '../../../src/cli/render/devices.js';
import { QplugError } from '../../../src/diag/index.js';
import { type HostInventory, selectOne } from '../../../src/host/index.js';
import { decode, fixture, fixturePath } from '../host/file/fixtures.js';
import { tar } from '../host/file/tar-bytes.js';
import { runs } from '../runs.js';
import { schemaErrors } from '../view/documents/schemas.js';
import { documentOf, qplug } from './fake-terminal.js';

const folder = mkdtempSync(join(tmpdir(), 'qplug-views-'));
const env = { PATH: '/nowhere', QPLUG_RUNTIME_DIR: folder };
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const plain = { outColors: { bold: String, dim: String }, columns: undefined } as unknown as Parameters<
  typeof renderDeviceTree
>[2];

/** How often a device stands in a text: its place as a word of its own. */
const countOf = (port: string, text: string): number =>
  text.split('\n').filter((line) => line.replace(/^[│├└─ ]*/u, '').startsWith(`${port} `)).length;

function expectEverywhere(host: HostInventory): void {
  const table = renderDevices(host.devices, host, plain);
  const tree = renderDeviceTree(host.devices, host, plain);
  for (const { port, bus, address } of host.devices) {
    expect(countOf(port, table), `${port} in\n${table}`).toBe(1);
    expect(countOf(port, tree), `${port} in\n${tree}`).toBe(1);
    // what is there is never said not to be
    const meant = (() => {
      try {
        return selectOne(`@${bus}.${address}`, host).port;
      } catch (error) {
        if (error instanceof QplugError && error.code === 'selector-ambiguous') return port;
        throw error;
      }
    })();
    if (bus > 0) expect(meant).toBe(port);
  }
  for (const { port, bus } of host.hubs) {
    expect(countOf(port.startsWith('usb') ? `bus ${bus}` : port, tree), `${port} in\n${tree}`).toBe(1);
  }
}

const NAMES = ['linux-3.16-laptop.txt', 'usb-devices-012.txt', 'lab-lsusb.txt', 'umockdev-keyboard-and-disk.txt'];

describe('every device of a file stands in every view of it', () => {
  test.each([
    [
      'lsusb -v alone',
      'Bus 001 Device 004: ID 0781:5583 Ultra Fit\nDevice Descriptor:\n  bNumConfigurations 0\n',
      '@1.4',
    ],
    [
      'a part of a listing',
      'T:  Bus=01 Lev=01 Prnt=01 Port=05 Cnt=01 Dev#=  6 Spd=480 MxCh= 0\nD:  Ver= 2.00 Cls=ff(vend.) Sub=00 Prot=00 MxPS=64 #Cfgs=  0\nP:  Vendor=1234 ProdID=0001 Rev=01.00\n',
      '1-6',
    ],
    [
      'a hub without a port, which is no bus',
      'Bus 001 Device 002: ID 8087:0024 Hub\nDevice Descriptor:\n  bDeviceClass 9 Hub\n  bNumConfigurations 0\n',
      '@1.2',
    ],
  ])('%s: the tree', async (_, text, port) => {
    const { out, exit } = await qplug(['devices', '--tree', '--host', write('part', text)]);
    expect(exit).toBe(0);
    expect(out).toMatch(/^bus 1 {2}.*\n└─ /);
    expect(out.match(/^bus /gm)).toHaveLength(1);
    expect(countOf(port, out)).toBe(1);
  });

  test('lines taken away, twice, or in another order', () => {
    const lines = fc.constantFrom(...NAMES).chain((name) => {
      const all = fixture(name).toString().split('\n');
      const change = fc.record({
        at: fc.nat(all.length),
        length: fc.nat(30),
        to: fc.nat(all.length),
        keep: fc.boolean(),
      });
      return fc.array(change, { maxLength: 4 }).map((changes) => {
        const text = [...all];
        for (const { at, length, to, keep } of changes) {
          const part = keep ? text.slice(at, at + length) : text.splice(at, length);
          text.splice(to, 0, ...part);
        }
        return text.join('\n');
      });
    });
    let seen = 0;
    fc.assert(
      fc.property(lines, (text) => {
        try {
          const host = decode(text);
          seen += host.devices.length;
          expectEverywhere(host);
        } catch (error) {
          if (!(error instanceof QplugError)) throw error;
        }
      }),
      { numRuns: runs(150) },
    );
    expect(seen).toBeGreaterThan(runs(150));
  });

  test('--json keeps to the schema and gives no location twice to devices of one half', async () => {
    for (const name of ['linux-2.2-scanner.txt', 'lab-lsusb.txt', 'umockdev-keyboard-and-disk.txt']) {
      const document = await documentOf(['devices', '--host', fixturePath(name)]);
      expect(schemaErrors(document)).toEqual([]);
    }
    const old = await documentOf(['devices', '--host', fixturePath('linux-2.2-scanner.txt')]);
    expect(old['devices']).toMatchObject([{ location: null }, { location: null }]);
    expect(old['hubs']).toMatchObject([{ location: null }]);
  });

  test('none at all are none in the file', async () => {
    const blocks = fixture('linux-2.2-scanner.txt')
      .toString()
      .split(/^(?=T: )/m);
    const file = write("only a 'hub'", blocks.find((block) => block.includes('Lev=00')) ?? '');
    expect((await qplug(['devices', '--host', file])).out).toBe(`no USB devices in ${file}\n`);
  });
});

describe('a speed that is not told stays so', () => {
  const VM = write('vm.yaml', "name: t\nmachine: q35\nusb: { devices: ['1234:8884'] }\n");
  const LSUSB =
    'Bus 003 Device 028: ID 1234:8884 Billboard\nDevice Descriptor:\n  bcdUSB 2.01\n  bDeviceClass 254\n  bMaxPacketSize0 64\n  bNumConfigurations 0\n';
  const ATTRIBUTES = { busnum: '1', devnum: '6', devpath: '6', idProduct: '8884', idVendor: '1234' };
  const sysfs = (name: string, speed?: string): string => {
    const at = join(folder, name, 'bus/usb/devices/1-6');
    mkdirSync(at, { recursive: true });
    const files = { ...ATTRIBUTES, ...(speed === undefined ? {} : { speed }) };
    for (const [file, text] of Object.entries(files)) writeFileSync(join(at, file), `${text}\n`);
    return join(folder, name);
  };
  const archive = (): string =>
    write(
      'usb.tar',
      tar(
        Object.entries(ATTRIBUTES).map(([file, text]) => ({
          path: `sys/bus/usb/devices/1-6/${file}`,
          body: `${text}\n`,
        })),
      ),
    );
  const recording = (): string =>
    write(
      'recording.json',
      JSON.stringify({
        schema: 'qplug-host-recording-1',
        sys: Object.fromEntries(
          Object.entries(ATTRIBUTES).map(([file, text]) => [`bus/usb/devices/1-6/${file}`, { text: `${text}\n` }]),
        ),
        nodes: {},
      }),
    );
  const asJson = async (file: string, name: string): Promise<string> =>
    write(name, (await qplug(['devices', '--json', '--host', file])).out);

  test.each<[what: string, file: () => string | Promise<string>]>([
    ['lsusb', () => write('lsusb', LSUSB)],
    ['lsusb through JSON', () => asJson(write('lsusb', LSUSB), 'lsusb.json')],
    ['a copy of sysfs', () => sysfs('copy')],
    ['a copy of sysfs through JSON', () => asJson(sysfs('copy'), 'copy.json')],
    ['a tar archive', archive],
    ['a recording', recording],
  ])('in %s: no plan, and no figure in the picture', async (_, make) => {
    const file = await make();
    const { err, exit, out } = await qplug(['plan', VM, '--host', file], { env });
    expect([exit, err]).toEqual([6, expect.stringMatching(/^error: can't plan 1234:8884 at (@3\.28|1-6)/m)]);
    expect(out).not.toContain('1234:8884');
    const drawn = (await qplug(['plan', VM, '--host', file, '--svg', '-'], { env })).out;
    expect(drawn).toMatch(/1234:8884[^<]*(@3\.28|1-6)<[\s\S]*>\?: the file does not give its speed/);
    const document = await documentOf(['devices', '--host', file]);
    expect(document['devices']).toMatchObject([{ megabits: null, speedIs: 'untold' }]);
    expect((await qplug(['devices', '--host', file])).out).toMatch(/ 1234:8884 +\? /);
  });

  test('but what the kernel itself does not know QEMU takes for low speed, through JSON too', async () => {
    const file = sysfs('unknown', 'unknown');
    for (const one of [file, await asJson(file, 'unknown.json')]) {
      const { exit, out } = await qplug(['plan', VM, '--host', one], { env });
      expect([exit, out]).toEqual([0, expect.stringContaining('1.5M')]);
      expect((await documentOf(['devices', '--host', one]))['devices']).toMatchObject([
        { megabits: null, speedIs: 'unknown' },
      ]);
    }
  });

  test('one that was inferred is noted in JSON too, and after it', async () => {
    const lsusb = LSUSB.replace('64', '8');
    for (const file of [write('inferred', lsusb), await asJson(write('inferred', lsusb), 'inferred.json')]) {
      const { exit, err } = await qplug(['plan', VM, '--host', file], { env });
      expect([exit, err]).toEqual([0, expect.stringMatching(/^note: assuming 12 Mb\/s for 1234:8884 at @3\.28/m)]);
      expect((await documentOf(['devices', '--host', file]))['devices']).toMatchObject([
        { megabits: 12, speedIs: 'inferred' },
      ]);
    }
  });

  test('a device without a number is left out with a word', async () => {
    const file = sysfs('two', '480');
    cpSync(join(file, 'bus/usb/devices/1-6'), join(file, 'bus/usb/devices/1-7'), { recursive: true });
    rmSync(join(file, 'bus/usb/devices/1-7/devnum'));
    const { out, err } = await qplug(['devices', '--host', file]);
    expect(out).not.toContain('1-7');
    expect(err).toMatch(/^warning: .*\n {2}at {3}bus\/usb\/devices\/1-7$/m);
  });
});
