import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type Code,
  fail,
  finding,
  GUARD_KINDS,
  type Guard,
  type GuardKind,
  guardWords,
  kindOf,
  QplugError,
  describe as words,
} from '../../../src/diag/index.js';
import { evidenceOfAll, type Fill } from './evidence.js';
import { UNSAFE } from './unsafe.js';

const KINDS = ['failed', 'usage', 'not-found', 'ambiguous', 'refused', 'no-plan', 'timeout', 'unreachable'];

/** What a device, a file or QEMU could say to do harm. */
const H = 'x\u001b[31m\u202ey\u0000z';
const LIST = [H, H];

/** Evidence that qplug itself words, or that has been through `printable` already. */
const SAFE: readonly (readonly [member: string, ...of: Code[]])[] = [
  ['id', 'device-missing', 'device-node-denied', 'device-node-missing', 'device-not-found', 'selector-ambiguous'],
  ['name', 'store-locked', 'store-full', 'store-unwritable', 'store-broken', 'store-newer'],
  ['label', 'device-guarded', 'policy-denied', 'passthrough-disabled'],
  ['device', 'placed-elsewhere', 'kept-port-taken', 'placed-slower', 'no-port', 'only-slower', 'pin-unknown'],
  ['device', 'pin-taken', 'pin-mismatch', 'hub-too-deep', 'controller-full', 'device-unsupported'],
  ['model', 'no-port', 'only-slower', 'pin-unknown', 'pin-taken', 'pin-mismatch', 'hub-too-deep', 'controller-full'],
  ['kind', 'mended', 'not-mended'],
  ['nearest', 'machine-unknown', 'key-unknown', 'value-unknown'],
  ['expected', 'qmp-wrong-reply', 'qmp-wrong-event', 'value-type'],
  ['reason', 'args-not-ours', 'device-not-back'],
  ['instead', 'property-reserved'],
  ['variable', 'runtime-dir-unknown'],
  ['slot', 'args-slot-taken'],
  ['prefix', 'id-reserved'],
  ['form', 'value-form'],
];

const hostile: Fill = {
  text: (member, code) => (SAFE.some(([name, ...of]) => name === member && of.includes(code)) ? 'words' : H),
  number: () => 1500,
};

describe('every code', () => {
  test.each([...evidenceOfAll(join(import.meta.dirname, '../../..'))])(
    '%s has a name to match on and a kind, and lets no outside text through raw',
    (code, values) => {
      expect(code).toMatch(/^[a-z]+(-[a-z0-9]+)*$/);
      expect(KINDS).toContain(kindOf(code));
      for (const evidence of values(hostile)) {
        const { what, where = '', why = '', fix = '' } = words(finding(code, evidence as never));
        expect(what.trim()).toMatch(/[^.]$/);
        for (const line of [what, where, why, ...fix.split('\n')]) expect(line).not.toMatch(UNSAFE);
      }
    },
  );
});

const BY = { pid: 7, name: H, vm: H, libvirt: true };
const DISK = { node: H, through: [{ node: H, what: 'LUKS', name: H }] } as const;
const SEAT = { input: H, seat: H, use: { by: 'terminal', terminal: H, process: BY } } as const;

/** A guard of every kind. */
const guards: Readonly<Record<GuardKind, Guard>> = {
  hub: { kind: 'hub', below: LIST },
  mount: { kind: 'mount', ...DISK, at: LIST, inside: BY },
  swap: { kind: 'swap', ...DISK },
  volume: { kind: 'volume', ...DISK },
  'disk-open': { kind: 'disk-open', ...DISK, processes: [BY, BY] },
  keyboard: { kind: 'keyboard', ...SEAT },
  pointer: { kind: 'pointer', ...SEAT, use: { by: 'session', session: H, user: H } },
  bluetooth: { kind: 'bluetooth', adapter: H, inputs: LIST, sure: false },
  route: { kind: 'route', interface: H, through: LIST, families: ['IPv4', 'IPv6'] },
  ssh: { kind: 'ssh', interface: H, through: [], peers: LIST },
  console: { kind: 'console', node: H, use: 'getty', process: BY },
  serial: { kind: 'serial', node: H, processes: [BY] },
  token: { kind: 'token', node: H, processes: [BY], sure: false },
  'in-use': { kind: 'in-use', node: H, processes: [BY], claimed: LIST },
};

describe('what the host needs', () => {
  test.each(GUARD_KINDS.filter((kind) => kind !== 'hub'))(
    '%s: said in words that are safe, with what would break and the way around it',
    (kind) => {
      const guard = guards[kind];
      const { what, why = '', fix = '' } = words(finding('device-guarded', { label: 'x', vm: H, guard }));
      for (const line of [what, why, ...fix.split('\n')]) expect(line).toMatch(/^\S.*[^.]$/);
      for (const line of [what, why, ...fix.split('\n')]) expect(line).not.toMatch(UNSAFE);
      expect(fix).toContain(`--guard-off ${kind}`);
    },
  );

  test.each([
    [{ kind: 'mount', node: '/dev/sda1', through: [], at: ['/a b', '/c'] }, "umount '/a b'"],
    [{ kind: 'swap', node: '/dev/sda1', through: [] }, 'swapoff /dev/sda1'],
    [{ kind: 'swap', node: '/dev/sda1', through: [{ node: '/dev/dm-1', what: 'LVM' }] }, 'swapoff /dev/dm-1'],
    [{ kind: 'volume', ...DISK, through: [{ node: '/dev/dm-0', what: 'LUKS', name: 'x' }] }, 'cryptsetup close x'],
    [{ kind: 'volume', ...DISK, through: [{ node: '/dev/dm-0', what: 'LVM' }] }, 'lvchange -an /dev/dm-0'],
    [{ kind: 'volume', ...DISK, through: [{ node: '/dev/md0', what: 'MD' }] }, 'mdadm --stop /dev/md0'],
    [{ kind: 'volume', ...DISK, through: [{ node: '/dev/dm-0', what: 'device-mapper' }] }, 'dmsetup remove /dev/dm-0'],
    [{ kind: 'volume', ...DISK, through: [{ node: '/dev/loop3', what: 'loop' }] }, 'losetup -d /dev/loop3'],
    [{ kind: 'volume', ...DISK, through: [{ node: '/dev/drbd0', what: 'other' }] }, undefined],
  ] as const)('%j is ended by %j', (guard, mend) => {
    expect(guardWords(guard).mend?.command).toBe(mend);
  });
});

describe('findings and errors', () => {
  test('a location is where, unless the words name another', () => {
    const location = { file: 'vm.yaml', line: 3, column: 5 };
    expect(words(finding('stopped', { reason: 'x' }, { location })).where).toBe('vm.yaml:3:5');
    const told = finding('state-write-failed', { path: '/run', reason: 'x' }, { location });
    expect(words(told).where).toBe('/run');
  });

  test('an error is its first finding, in one sentence, and keeps its cause', () => {
    const cause = new Error('why');
    const error = fail('vm-exists', { name: 'bench', pid: 7 }, { cause });
    expect(error).toBeInstanceOf(QplugError);
    expect([error.code, error.kind, error.cause]).toEqual(['vm-exists', 'refused', cause]);
    expect(error.message).toBe('a VM named bench is already running: its QEMU is process 7');
  });
});
