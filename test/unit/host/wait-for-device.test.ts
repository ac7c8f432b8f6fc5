import { describe, expect, it } from 'vitest';
import { Deadline } from '../../../src/base/index.js';
import { type HostInventory, nodeFinding, waitForDevice } from '../../../src/host/index.js';
import { PATIENCE } from '../../patience.js';
import { inventoryOf, recording, without } from './recordings.js';

const six = recording('six-devices');
const there = inventoryOf(six);
const absent = inventoryOf(without(six, '2-1'));
const denied = inventoryOf({ ...six, nodes: { ...six.nodes, 'bus/usb/002/002': 'denied' } });
const nodeless = inventoryOf({ ...six, nodes: {} });

/** Looks that find one inventory after the other, and the last one ever after. */
function looks(...inventories: HostInventory[]): () => HostInventory {
  let count = 0;
  return () => inventories[Math.min(count++, inventories.length - 1)] as HostInventory;
}

describe('waiting for a device', () => {
  it('gives one that is there at once', async () => {
    using deadline = new Deadline(PATIENCE);
    expect((await waitForDevice('serial=SS0001', { deadline, read: looks(there) })).port).toBe('2-1');
  });

  it('waits until it is plugged in, has its node and may be opened', async () => {
    using deadline = new Deadline(PATIENCE);
    const read = looks(absent, nodeless, denied, there);
    expect((await waitForDevice('serial=SS0001', { deadline, read, interval: 1 })).access).toBe('usable');
  });

  it.each([
    ['absent', absent, undefined],
    ['denied', denied, '/dev/bus/usb/002/002'],
    ['missing', nodeless, '/dev/bus/usb/002/002'],
  ])('says at the deadline that it was %s', async (state, last, node) => {
    using deadline = new Deadline(20);
    await expect(waitForDevice('2-1', { deadline, read: looks(last), interval: 2 })).rejects.toMatchObject({
      code: 'device-wait-timeout',
      kind: 'timeout',
      findings: [{ evidence: { selector: '2-1', timeout: 20, state, node } }],
    });
  });

  it.each([
    ['0627:0001', 'selector-ambiguous'],
    ['1d6b:0002', 'device-is-hub'],
    ['1:2', 'selector-invalid'],
  ])('does not wait on %s', async (selector, code) => {
    using deadline = new Deadline(PATIENCE);
    await expect(waitForDevice(selector, { deadline, read: looks(there) })).rejects.toMatchObject({ code });
  });

  it('throws the reason of a caller who gives up', async () => {
    const caller = new AbortController();
    using deadline = new Deadline(PATIENCE, caller.signal);
    const waiting = waitForDevice('1-8', { deadline, read: looks(there) });
    caller.abort(new Error('Ctrl-C'));
    await expect(waiting).rejects.toThrow('Ctrl-C');
  });
});

describe('a device node', () => {
  it.each([
    [there, undefined],
    [denied, 'device-node-denied'],
    [nodeless, 'device-node-missing'],
  ])('of host %# gives %s', (inventory, code) => {
    expect(inventory.devices.filter((one) => one.port === '2-1').map((one) => nodeFinding(one)?.code)).toEqual([code]);
  });
});
