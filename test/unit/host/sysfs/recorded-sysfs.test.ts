import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QplugError } from '../../../../src/diag/index.js';
import { parseRecording, readInventory, realSysfs, recordedSysfs, recordSysfs } from '../../../../src/host/index.js';
import { inventoryOf, NO_IDS, plant, recording } from '../recordings.js';

const many = recording('hub-twins-gadgets');
let root = '';
let roots = { sys: '', dev: '' };

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'qplug-sysfs-'));
  roots = plant(many, root);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('the real reader', () => {
  it('gives from folders, files and links what the recorded one gives from JSON', () => {
    const { devices, hubs } = readInventory(realSysfs(roots), { ids: NO_IDS });
    const expected = inventoryOf(many);
    const rooted = (all: typeof devices) =>
      all.map((one) => ({ ...one, node: one.node.replace('/dev/', `${roots.dev}/`) }));
    expect(devices).toEqual(rooted(expected.devices));
    expect(hubs).toEqual(rooted(expected.hubs));
  });

  it('gives undefined for what is missing and for links that are none', () => {
    const reader = realSysfs(roots);
    expect(reader.list('bus/nothing')).toBeUndefined();
    expect(reader.bytes('bus/usb/devices/1-2/nothing')).toBeUndefined();
    expect(reader.link('bus/usb/devices/1-2/speed')).toBeUndefined();
    expect(reader.access('bus/usb/009/009')).toBe('missing');
  });

  it('throws what is not a matter of being there', () => {
    expect(() => realSysfs(roots).bytes('bus/usb/devices')).toThrow('EISDIR');
  });

  it('reads a host without USB as an empty one', () => {
    expect(readInventory(realSysfs({ sys: join(root, 'none') })).findings).toMatchObject([{ code: 'no-usb-on-host' }]);
  });
});

describe('recording', () => {
  it('keeps of a host all that the inventory needs', () => {
    const again = recordSysfs(realSysfs(roots), 'again');
    expect(again.about).toBe('again');
    expect(inventoryOf(again)).toEqual(inventoryOf(many));
  });

  it('is the same when a recording is recorded', () => {
    expect(recordSysfs(recordedSysfs(many), many.about)).toEqual(many);
  });

  it('keeps bytes that are not text', () => {
    writeFileSync(join(roots.sys, 'bus/usb/devices/2-1/product'), Buffer.from([0xff, 0xfe, 0x0a]));
    expect(recordSysfs(realSysfs(roots)).sys['bus/usb/devices/2-1/product']).toEqual({ base64: '//4K' });
  });
});

describe('reading a recording', () => {
  const faults = (text: string): unknown[] => {
    try {
      return [parseRecording(text, 'host.json')];
    } catch (error) {
      return (error as QplugError).findings.map((one) => [one.code, 'where' in one.evidence && one.evidence.where]);
    }
  };
  it.each([
    ['text that is not JSON', '{', ['the whole file']],
    ['a list', '[]', ['the whole file']],
    ['another schema', '{"schema":"x"}', ['schema']],
    ['no tree', '{"schema":"qplug-host-recording-1"}', ['sys']],
    ['no nodes', '{"schema":"qplug-host-recording-1","sys":{}}', ['nodes']],
    [
      'several bad entries',
      '{"schema":"qplug-host-recording-1","sys":{"a":{"text":1},"b":{"text":"","link":""}},"nodes":{"n":"missing"}}',
      ['sys, a', 'sys, b', 'nodes, n'],
    ],
  ])('refuses %s, saying where', (_title, text, where) => {
    expect(faults(text)).toEqual(where.map((one) => ['recording-invalid', one]));
  });

  it('throws a QplugError', () => {
    expect(() => parseRecording('', 'host.json')).toThrow(QplugError);
  });
});
