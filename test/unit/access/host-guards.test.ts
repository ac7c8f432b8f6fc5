import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { claimsFor } from '../../../src/access/claims.js';
import { guardFindings, guardsFor } from '../../../src/access/host-guards.js';
import { identifyProcess } from '../../../src/base/index.js';
import { parseVmFile } from '../../../src/config/index.js';
import type { GuardKind } from '../../../src/diag/index.js';
import { ClaimStore } from '../../../src/registry/index.js';
import { planFile } from '../../../src/vm/plan/plan-start.js';
import { wantHostDevice } from '../../../src/vm/plan/wanted.js';
import { deviceAt, disk, hostFiles, inventory, mounted, running, type Tree } from '../host/guards/host-tree.js';

const VERSION = { major: 10, minor: 0, micro: 0 };
const stick = deviceAt('2-1');
const MOUNTED: Tree = { ...disk('2-1', 'sda'), ...mounted('8:1 /mnt ext4 /dev/sda1') };
const NODE = ['/dev/bus/usb/002/002', 'char 189:129'] as const;

let folder: string;
let claims: ClaimStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-guarded-'));
  claims = new ClaimStore(folder);
});
afterEach(() => {
  claims[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

const kindsFor = async (tree: Tree): Promise<string[]> => {
  const guards = await guardsFor([stick], inventory, { files: hostFiles(tree), claims });
  return (guards.get(stick.port) ?? []).map(({ kind }) => kind);
};

describe('guards that are taken away', () => {
  test('are gone by name, and by no other', async () => {
    const guards = await guardsFor([stick], inventory, { files: hostFiles(MOUNTED), claims });
    const left = (off: readonly GuardKind[]) => guardFindings(stick, 'bench', guards, off).length;
    expect([left([]), left(['swap']), left(['mount'])]).toEqual([1, 1, 0]);
  });

  test('nothing is known of a host of a file', async () => {
    expect(await guardsFor([stick], inventory, { files: undefined, claims })).toEqual(new Map());
    const elsewhere = { ...stick, access: 'unknown' as const };
    expect(await guardsFor([elsewhere], inventory, { files: hostFiles(MOUNTED), claims })).toEqual(new Map());
  });
});

describe('who has a device open', () => {
  const open = (pid: number): Tree => running(pid, 'qemu-system-x86', [NODE], ['qemu', '-name', 'other']);
  /** A process that lives and is not this one. */
  const other = process.ppid;
  const claim = () => {
    const made = wantHostDevice(stick, VERSION, new Set(), { mandatory: true, slower: 'refuse' });
    if ('code' in made) throw new Error(made.code);
    const owner = { vm: 'bench', socket: '/none', process: identifyProcess(other) };
    expect(claims.take(claimsFor([made], owner, inventory))).toEqual([]);
  };

  test('keeps it', async () => {
    expect(await kindsFor(open(1))).toEqual(['in-use']);
  });

  test('does not, if it is qplug itself', async () => {
    expect(await kindsFor(open(process.pid))).toEqual([]);
  });

  test('does not, if its claim tells of it: who takes claims says that better', async () => {
    expect(await kindsFor(open(other))).toEqual(['in-use']);
    claim();
    expect(await kindsFor(open(other))).toEqual([]);
    const claimed = { ...stick, interfaces: stick.interfaces.map((one) => ({ ...one, driver: 'usbfs' })) };
    const guards = await guardsFor([claimed], inventory, { files: hostFiles({}), claims });
    expect(guards.get(stick.port)).toEqual([]);
  });

  test('keeps it, if its claim tells of another one', async () => {
    claim();
    expect(await kindsFor(open(1))).toEqual(['in-use']);
  });
});

describe('a VM file', () => {
  const plan = async (wish: string, off: readonly GuardKind[] = []) => {
    const file = await parseVmFile(`usb: { devices: [${wish}] }`, '/vm/bench.yaml');
    const guards = await guardsFor([stick], inventory, { files: hostFiles(MOUNTED), claims });
    const made = planFile(file, VERSION, inventory, { hostRules: { guards, off, policy: undefined } });
    return {
      wanted: made.wanted.length,
      said: made.findings.map(({ code, severity, location }) => `${severity} ${code} ${location?.line}`),
    };
  };

  test('gets a device that the host needs only where it says so, or the command line does', async () => {
    const wish = '{ select: 2-1, when-missing: fail }';
    expect(await plan(wish)).toEqual({ wanted: 0, said: ['error device-guarded 1'] });
    expect(await plan(wish, ['swap'])).toEqual({ wanted: 0, said: ['error device-guarded 1'] });
    expect(await plan(wish, ['mount'])).toMatchObject({ wanted: 1 });
    expect(await plan('{ select: 2-1, guard-off: [mount] }')).toMatchObject({ wanted: 1 });
  });

  test('starts without it where it may, and says so', async () => {
    expect(await plan('2-1')).toEqual({ wanted: 0, said: ['warning device-guarded 1'] });
  });

  test('may not take a hub, nor a guard that there is none of', async () => {
    for (const name of ['hub', 'mounted']) {
      await expect(parseVmFile(`usb: { devices: [{ select: a, guard-off: [${name}] }] }`, '/x.yaml')).rejects.toThrow();
    }
  });
});
