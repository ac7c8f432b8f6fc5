import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Finding, finding, type QplugError, describe as words } from '../../../src/diag/index.js';
import {
  formatIdentity,
  type HostDevice,
  identityOf,
  nodeFinding,
  parseSelector,
  selectOne,
} from '../../../src/host/index.js';
import { runs } from '../runs.js';
import { inventoryOf, recording } from './recordings.js';

const many = inventoryOf(recording('hub-twins-gadgets'));
const evil = many.devices.find((one) => one.port === '6-1') as HostDevice;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
const RAW = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;

function text(found: Finding): string {
  const { what, where, why, fix } = words(found);
  return [what, where, why, fix].join(' | ');
}

function refusal(selector: string, devices: readonly HostDevice[], hubs: readonly HostDevice[] = []): string {
  try {
    return `selected ${selectOne(selector, { devices, hubs }).port}`;
  } catch (error) {
    return text((error as QplugError).findings[0]);
  }
}

describe('strings of a hostile device', () => {
  it('are kept raw as data', () => {
    expect(evil).toMatchObject({ manufacturer: 'Evil\u001b[31m\nCorp', serial: 'A,B\tC' });
    expect(evil.product).toBe('Stick\u202egnp,id=x\u001b]0;owned\u0007\u200b');
  });

  it('are escaped in the list of an ambiguous selector', () => {
    const shown = refusal('1209:0001', [evil, { ...evil, port: '6-2', chain: [2], peer: undefined }]);
    expect(shown).not.toMatch(RAW);
    expect(shown).toContain('Evil\\x1b[31m\\nCorp Stick\\u202egnp,id=x');
    expect(shown).toContain('name one of them: 6-1 or 6-2');
  });

  it('are escaped in what is near, what is there, and when a hub is refused', () => {
    const lists = [
      refusal('1209:0009', [evil]),
      refusal('9-9', [evil]),
      refusal('6-1', [], [{ ...evil, isHub: true }]),
    ];
    expect(lists.filter((list) => RAW.test(list))).toEqual([]);
    expect(lists.every((list) => list.includes('\\x1b'))).toBe(true);
  });

  it('are escaped in an identity and in what is said of its node', () => {
    expect(formatIdentity(identityOf(evil))).toBe('platform-dummy_hcd.0/1 1209:0001 A,B\\tC');
    expect(text(nodeFinding({ ...evil, access: 'denied' }) as Finding)).not.toMatch(RAW);
  });

  it('never come out raw, whatever device and selector hold', () => {
    const any = fc.string({ unit: 'binary', maxLength: 300 });
    fc.assert(
      fc.property(any, any, any, (name, serial, selector) => {
        const device = { ...evil, name, serial };
        const twins = [device, { ...device, port: '6-2', chain: [2], peer: undefined }];
        const parsed = parseSelector(selector);
        const shown = [refusal('1209:0001', twins), refusal('1209:9999', twins), formatIdentity(identityOf(device))];
        expect([...shown, 'code' in parsed ? text(parsed) : ''].filter((one) => RAW.test(one))).toEqual([]);
      }),
      { numRuns: runs(300) },
    );
  });

  it('never come out raw from any text of this layer', () => {
    const bad = '\u001b[2J\u202e\n';
    const all: Finding[] = [
      finding('no-usb-on-host', { path: bad }),
      finding('descriptors-malformed', {
        device: bad,
        offset: 0,
        problem: 'device-descriptor',
        told: undefined,
        seen: undefined,
      }),
      finding('attribute-unreadable', { device: bad, attribute: bad, reason: bad }),
      finding('selector-invalid', { selector: bad, problem: 'empty', meant: bad }),
      finding('device-is-hub', { selector: bad, port: bad, name: bad }),
      finding('device-node-missing', { device: bad, id: '0781:5567', name: bad, node: bad }),
      finding('device-wait-timeout', { selector: bad, timeout: 1, state: 'denied', node: bad }),
      finding('driver-probe-failed', { interface: bad, path: bad, reason: bad }),
      finding('recording-invalid', { file: bad, where: bad, reason: bad }),
    ];
    expect(all.map(text).filter((one) => RAW.test(one))).toEqual([]);
  });
});
