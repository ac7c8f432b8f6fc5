import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CLAIM_DESIGN } from '../../../../src/registry/claims/claim-design.js';
import { type Claim, ClaimStore } from '../../../../src/registry/index.js';
import { inRounds } from '../../../in-rounds.js';
import { bundled } from '../bundled.js';
import { claimOf } from '../claim-samples.js';
import { DRIVERS } from '../drivers.js';

describe.each(DRIVERS)('with $name', (driver) => {
  let folder: string;
  let store: ClaimStore;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'qplug-claims-'));
    store = new ClaimStore(folder, driver);
  });
  afterEach(() => {
    store[Symbol.dispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const OTHER = { connector: 'pci-0000:00:14.0/1-3', vendorId: 1, productId: 2, serial: '' };

  test('who only looks makes no file', () => {
    expect(store.list()).toEqual([]);
    expect(existsSync(store.path)).toBe(false);
  });

  test('a claim comes back as it was put in, in order of VM and device', () => {
    const claims = [
      claimOf('b', { key: OTHER, reason: 'QEMU lost it', state: 'failed', worker: undefined }),
      claimOf('a', { owner: { vm: 'a', socket: '/s', process: undefined } }),
    ];
    for (const claim of claims) expect(store.take([claim])).toEqual([]);
    expect(store.list()).toEqual(claims.toReversed());
  });

  describe('taking devices', () => {
    test('all or none: one that another VM has stands in the way of all', () => {
      const [first, second] = [claimOf('a'), claimOf('bb', { key: OTHER })];
      store.take([first]);
      expect(store.take([second, claimOf('bb')])).toEqual([first]);
      expect(store.list()).toEqual([first]);
    });

    test('what the same VM has is taken anew, and the drivers from before count', () => {
      const before = claimOf('a', { state: 'attached', worker: undefined });
      store.take([before]);
      const again = claimOf('a', { drivers: [['1-2:1.0', null]], since: '2026-02-01T00:00:00.000Z' });
      expect(store.take([again])).toEqual([]);
      expect(store.list()).toEqual([{ ...again, drivers: before.drivers }]);
    });

    test('what the same VM was given against a guard stays known; another guard is added', () => {
      store.take([claimOf('a', { guardOff: ['mount'] })]);
      store.take([claimOf('a', { guardOff: [] })]);
      expect(store.list()).toMatchObject([{ guardOff: ['mount'] }]);
      store.take([claimOf('a', { guardOff: ['swap', 'mount'] })]);
      expect(store.list()).toMatchObject([{ guardOff: expect.arrayContaining(['mount', 'swap']) }]);
    });

    test('devices are different ones by port, by ids and by serial', () => {
      const { key } = claimOf('a');
      const keys = [
        key,
        { ...key, connector: 'other' },
        { ...key, vendorId: 1 },
        { ...key, productId: 1 },
        { ...key, serial: '' },
      ];
      for (const [index, one] of keys.entries())
        expect(store.take([claimOf(`vm${'x'.repeat(index)}`, { key: one })])).toEqual([]);
      expect(store.list()).toHaveLength(keys.length);
    });

    test('a VM of the same name that was started later is another one; one whose process is not known is told by its socket', () => {
      const claim = claimOf('a');
      store.take([claim]);
      const { process } = claim.owner;
      if (process === undefined) throw new Error('the sample has a process');
      for (const other of [
        { ...process, startTime: process.startTime + 1 },
        { ...process, bootId: 'another' },
        { ...process, pid: process.pid + 1 },
      ]) {
        expect(store.take([claimOf('a', { owner: { ...claim.owner, process: other } })])).toEqual([claim]);
      }
      const unknown = { ...claim.owner, process: undefined };
      expect(store.take([claimOf('a', { owner: { ...unknown, socket: '/other' } })])).toEqual([claim]);
      expect(store.take([claimOf('a', { owner: unknown })])).toEqual([]);
    });
  });

  describe('changing claims', () => {
    const settled = (claim: Claim): Claim => ({ ...claim, state: 'attached', worker: undefined });

    test('replaces and removes those that are as expected', () => {
      const claim = claimOf('a');
      store.take([claim]);
      expect(store.change([claim], settled)).toEqual([claim]);
      expect(store.list()).toEqual([settled(claim)]);
      expect(store.change([settled(claim)], () => undefined)).toEqual([settled(claim)]);
      expect(store.list()).toEqual([]);
    });

    test.each([
      ['its state', { state: 'detaching' }],
      ['the time of its last change', { since: '2026-02-01T00:00:00.000Z' }],
      ['its VM', { owner: { vm: 'b', socket: '/b', process: undefined } }],
    ] satisfies [string, Partial<Claim>][])('leaves alone what another has changed: %s', (_, difference) => {
      store.take([claimOf('a', difference)]);
      expect(store.change([claimOf('a')], () => undefined)).toEqual([]);
      expect(store.list()).toHaveLength(1);
    });

    test('of nothing does not even open the file', () => {
      expect(store.change([], settled)).toEqual([]);
      expect(existsSync(store.path)).toBe(false);
    });
  });

  test('ten processes claim one device: one winner in each of 20 rounds, and all others are told who it is', async () => {
    const program = await bundled('claims/claimant', folder);
    const rounds = await inRounds(program, folder, { processes: 10, rounds: 20, words: () => [driver.name] });
    for (const outcomes of rounds) {
      expect(outcomes.filter((one) => one === 'won')).toHaveLength(1);
      expect(new Set(outcomes).size).toBe(2);
    }
    expect(store.list()).toEqual([]);
  });

  test('ten processes make the database at once, and claim one device in it: the same, in each of 20 rounds', async () => {
    const program = await bundled('claims/claimant', folder);
    const rounds = await inRounds(program, folder, { processes: 10, rounds: 20, words: () => [driver.name, 'anew'] });
    for (const outcomes of rounds) {
      expect(outcomes.filter((one) => one === 'won')).toHaveLength(1);
      expect(new Set(outcomes).size).toBe(2);
    }
  });

  test('a suspension comes back as it was put in; one that an older qplug kept has no guards taken away', () => {
    const device = {
      ...{ key: OTHER, id: 'qplug-0001-0002-1-3', label: 'a stick', hostPort: '1-3', bus: 'x.0', port: '1' },
      ...{ whenMissing: 'skip' as const, guardOff: ['mount' as const] },
    };
    const { guardOff: _, ...older } = device;
    const suspension = { owner: claimOf('a').owner, devices: [device, older as typeof device], since: 'now' };
    store.suspensions.put(suspension);
    expect(store.suspensions.list()).toEqual([{ ...suspension, devices: [device, { ...device, guardOff: [] }] }]);
  });

  describe('devices that were detached by hand', () => {
    const owner = { ...claimOf('a').owner, socketFile: '26:77' };
    const dismissal = { owner, key: OTHER, label: 'a stick', since: 'now' };
    const other = { ...dismissal, key: { ...OTHER, serial: 'S2' }, label: 'another' };

    test('come back as they were put in, once for each VM and device', () => {
      expect(store.dismissals.list()).toEqual([]);
      store.dismissals.put([dismissal, other, { ...dismissal, since: 'later' }]);
      expect(store.dismissals.list()).toEqual([{ ...dismissal, since: 'later' }, other]);
      const b = { ...dismissal, owner: claimOf('b').owner };
      store.dismissals.put([b]);
      store.dismissals.remove([dismissal]);
      expect(store.dismissals.list().map((one) => [one.owner.vm, one.key])).toEqual([
        ['a', other.key],
        ['b', OTHER],
      ]);
    });

    test('who removes what nobody put in makes no file', () => {
      store.dismissals.put([]);
      store.dismissals.remove([dismissal]);
      expect(existsSync(store.path)).toBe(false);
    });
  });

  test('a lost device comes back as it was put in, once for each VM', () => {
    const owner = { ...claimOf('a').owner, socketFile: '26:77' };
    const lost = {
      ...{ owner, key: OTHER, label: 'a stick', place: { bus: 'xhci.0', port: '2' }, guardOff: ['mount' as const] },
      ...{ hold: 30_000, also: ['0483:df11'], since: '2026-01-01T00:00:00.000Z' },
    };
    expect(store.lost.list()).toEqual([]);
    store.lost.put(lost);
    store.lost.put({ ...lost, place: undefined });
    expect(store.lost.list()).toEqual([{ ...lost, place: undefined }]);
    store.lost.remove(lost);
    expect(store.lost.list()).toEqual([]);
  });

  describe('a file of each version there was', () => {
    const files = join(import.meta.dirname, '../../../fixtures/stores');

    test('is kept: as many as there are versions', () => {
      const names = CLAIM_DESIGN.migrations.map((_, index) => `claims-${index + 1}.db`);
      expect(readdirSync(files)).toEqual(names);
    });

    test.each(readdirSync(files))('%s is read, with its claims', (name) => {
      cpSync(join(files, name), store.path);
      // what a version did not write is not known
      const version = Number(/\d+/.exec(name)?.[0]);
      const later = version >= 3 ? { guardOff: ['mount' as const] } : { address: undefined };
      const owner =
        version >= 4
          ? { ...OWNER, process: { ...OWNER.process, pidNamespace: 4026531836 }, socketFile: '26:1234' }
          : OWNER;
      expect(store.list()).toEqual([claimOf('bench', { state: 'attached', worker: undefined, owner, ...later })]);
      const board = { key: { ...OTHER, vendorId: 0x0483, productId: 0xdf11 }, label: '0483:df11 "Board" at 1-3' };
      const dismissal = { owner, ...board, since: '2026-01-01T00:00:00.000Z' };
      expect(store.dismissals.list()).toEqual(version >= 5 ? [dismissal] : []);
      const lost = { ...dismissal, place: { bus: 'xhci.0', port: '2' }, guardOff: [], hold: 30_000, also: ['0483:*'] };
      expect(store.lost.list()).toEqual(version >= 6 ? [lost] : []);
      expect(store.take([claimOf('other')])).toHaveLength(1);
    });

    const OWNER = {
      vm: 'bench',
      socket: '/run/qplug/vm/bench/qplug.sock',
      process: { pid: 4242, startTime: 123456, bootId: '01234567-89ab-4def-8123-456789abcdef' },
    };
  });
});
