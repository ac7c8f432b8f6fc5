import { describe, expect, test } from 'vitest';
import { cliCatalog } from '../../../src/diag/catalog/cli.js';
import { configCatalog } from '../../../src/diag/catalog/config.js';
import { type GuardEvidence, guardCatalog } from '../../../src/diag/catalog/guards.js';
import { hostCatalog } from '../../../src/diag/catalog/host.js';
import { launcherCatalog } from '../../../src/diag/catalog/launcher.js';
import { type MigrationEvidence, migrationCatalog } from '../../../src/diag/catalog/migration.js';
import { plannerCatalog } from '../../../src/diag/catalog/planner.js';
import { qmpCatalog } from '../../../src/diag/catalog/qmp.js';
import { registryCatalog } from '../../../src/diag/catalog/registry.js';
import { type SnapshotEvidence, snapshotCatalog } from '../../../src/diag/catalog/snapshot.js';
import { type VmEvidence, vmCatalog } from '../../../src/diag/catalog/vm.js';
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
import { UNSAFE } from './unsafe.js';

const catalogs = [
  cliCatalog,
  configCatalog,
  guardCatalog,
  hostCatalog,
  launcherCatalog,
  plannerCatalog,
  qmpCatalog,
  registryCatalog,
  snapshotCatalog,
  vmCatalog,
  migrationCatalog,
];
const entries = catalogs.flatMap((catalog) => Object.entries(catalog));
const KINDS = ['failed', 'usage', 'not-found', 'ambiguous', 'refused', 'no-plan', 'timeout', 'unreachable'];

describe('every code', () => {
  test('belongs to one layer alone', () => {
    const codes = entries.map(([code]) => code);
    expect(codes).toEqual([...new Set(codes)]);
  });

  test.each(entries)('%s has a name to match on, a kind and words', (code, { kind, text }) => {
    expect(code).toMatch(/^[a-z]+(-[a-z0-9]+)*$/);
    expect(KINDS).toContain(kind);
    expect(kindOf(code as Code)).toBe(kind);
    expect(text).toBeTypeOf('function');
  });
});

/** What a device, a file or QEMU could say to do harm. */
const H = 'x\u001b[31m\u202ey\u0000z';
const LIST = [H, H];
const PLACE = { bus: H, port: H, megabits: 480 };
const CHOICE = { selector: H, id: '46f4:0001', port: H, serial: H, name: H };

/** Evidence for every code of src/vm, as bad as it gets. */
const samples: { readonly [C in keyof VmEvidence]: VmEvidence[C] } = {
  'vm-not-found': { target: H, known: LIST, nearest: H },
  'vm-name-wrong': { name: H },
  'socket-statistics-missing': {},
  'socket-of-another-vm': { vm: H, socket: H, pid: 4242 },
  'start-not-identified': { vm: H, file: H, pids: [4242, 4343] },
  'vm-exists': { name: H, pid: 7 },
  'state-write-failed': { path: H, reason: H },
  'places-unreadable': { vm: H, path: H, reason: H },
  'places-not-saved': { vm: H, path: H, reason: H },
  'removal-pending': { device: H, timeout: 1500 },
  'not-undone': { devices: LIST, later: false },
  'claims-unsettled': { vm: H, labels: LIST },
  'stays-with-host': { label: H, vm: H, port: H, guard: { kind: 'swap', node: H, through: [] } },
  stopped: { reason: H },
  'operation-timeout': { what: H, timeout: 1500 },
  'device-gone': { label: H, port: H },
  'device-open-failed': { label: H, node: H, lastLines: LIST },
  'node-not-granted': { node: H, uid: 7, reason: H },
  'device-add-refused': { label: H, desc: H, lastLines: LIST },
  'placed-otherwise': { label: H, planned: PLACE, actual: { ...PLACE, port: undefined, megabits: undefined } },
  'device-denied': { label: H, vm: H, rule: H },
  'device-claimed': { label: H, vm: H, pid: 7, state: H, since: H },
  mended: { kind: 'attach', vm: H, outcome: 'undone', devices: LIST },
  'not-mended': { kind: 'attach', vm: H, reason: H },
  'claim-given-back': { label: H, vm: H },
  'not-suspendable': { vm: H, state: H },
  'missing-at-resume': { label: H, vm: H, port: H, mandatory: false },
  suspended: { vm: H, devices: LIST, since: H },
  'claim-in-use': { label: H, vm: H, pid: 7, state: H },
  'not-claimed': { selector: H, ids: LIST },
  'claim-ambiguous': { selector: H, devices: [{ label: H, id: H }] },
  'already-attached': { label: H, vm: H, id: H, port: H },
  'device-came-back': { label: H, id: H },
  'device-held-by-filter': { label: H, vm: H, id: H },
  'device-missing': { selector: H, vm: H, policy: 'skip', told: { file: H, near: [CHOICE], present: [CHOICE] } },
  'not-attached': { selector: H, vm: H, ids: LIST },
  'detach-ambiguous': { selector: H, vm: H, ids: LIST },
  'hub-in-use': { id: H, vm: H, devices: LIST },
  'unplanned-speed': { label: H, megabits: 20_000 },
  'emulated-unknown': { model: H, nearest: H },
  'emulated-needs-backend': { model: H, needs: H },
  'driver-not-back': { label: H, interfaces: LIST },
  'leftover-removed': { label: H, id: H, port: H },
  'stale-device': { id: H, vm: H, bus: H, port: H, again: H },
  'detached-device': { id: H, vm: H, bus: H, port: H, again: H },
  'runs-slower': { label: H, megabits: 12, native: 480 },
  'wanted-not-plugged-in': { selector: H, vm: H },
  'wanted-not-attached': { label: H, selector: H, vm: H },
  'move-would-help': {
    ...{ vm: H, label: H, megabits: 480, bus: H, port: H, from: PLACE, hub: H, words: LIST },
    moved: [{ label: H, from: PLACE, to: PLACE }],
  },
  'kvm-unusable': { node: H, denied: true },
  'usb-ids-missing': {},
  'runtime-folder-open': { path: H, mode: H },
  'wanted-twice': { selector: H, label: H },
  'qemu-ended': { binary: H, code: undefined, signal: H, lastLines: LIST },
  'start-timeout': { binary: H, timeout: 1500, lastLines: [] },
  'shutdown-timeout': { vm: H, timeout: 1500 },
  'shutdown-ignored': { vm: H, state: H },
  'no-record': { vm: H },
  'vm-forgotten': { vm: H },
  'vm-stopped': { vm: H, path: H },
  'vm-without-file': { vm: H, problem: 'gone', path: H },
  'vm-other-file': { vm: H, runs: H, named: H },
  'not-in-file': { selector: H, path: H, entries: LIST },
  'entry-ambiguous': { selector: H, path: H, lines: [1, 2] },
  'entry-broad': { entry: H, path: H, line: 3, others: LIST },
  'entry-says-otherwise': { path: H, line: 3, entry: H },
  'allow-unsure': { selector: H, path: H },
};

describe('the words of src/vm', () => {
  test.each(Object.keys(samples) as (keyof VmEvidence)[])('%s: no outside text gets through raw', (code) => {
    const { what, where = '', why = '', fix = '' } = words(finding(code, samples[code]));
    expect(what).toMatch(/^\S.*[^.]$/);
    for (const line of [what, where, why, ...fix.split('\n')]) expect(line).not.toMatch(UNSAFE);
  });
});

const SEEN = { name: H, model: H, address: H, slow: 4, fast: 4 };

/** The same of saved states. */
const snapshots: readonly {
  readonly [C in keyof SnapshotEvidence]: readonly [C, SnapshotEvidence[C]];
}[keyof SnapshotEvidence][] = [
  ['snapshot-tag-wrong', { tag: H, longest: 64 }],
  ['snapshot-tag-missing', { vm: H, action: H, tags: LIST }],
  ['snapshot-tag-missing', { vm: H, action: H, tags: [] }],
  ['snapshot-tag-idle', { tag: H }],
  ['snapshot-exists', { vm: H, tag: H }],
  ['snapshot-unknown', { vm: H, tag: H, tags: LIST, nearest: H }],
  ['snapshot-partial', { vm: H, tag: H, disks: LIST }],
  ['snapshot-without-state', { vm: H, tag: H }],
  ['snapshot-no-disk', { vm: H, disks: [{ name: H, driver: H, file: H, readOnly: true }] }],
  ['snapshot-disk-unable', { vm: H, name: H, driver: H, file: H }],
  ['snapshot-blocked', { vm: H, driver: H, id: H, port: H }],
  ['snapshot-failed', { action: 'save', tag: H, desc: H, lastLines: LIST }],
  ['snapshot-half-loaded', { vm: H, tag: H }],
  ['guest-half-loaded', { vm: H }],
  ['snapshot-unrecorded', { vm: H, tag: H, record: 'torn', path: H }],
  ['snapshot-tree-differs', { vm: H, tag: H, difference: { is: 'controller-missing', controller: SEEN } }],
  ['snapshot-tree-differs', { vm: H, tag: H, difference: { is: 'controller-extra', controller: SEEN } }],
  ['snapshot-tree-differs', { vm: H, tag: H, difference: { is: 'controller-other', saved: SEEN, now: SEEN } }],
  ['snapshot-tree-differs', { vm: H, tag: H, difference: { is: 'device-missing', driver: H, bus: H, port: H } }],
  ['snapshot-tree-differs', { vm: H, tag: H, difference: { is: 'place-taken', driver: H, bus: H, port: H, id: H } }],
  ['snapshot-device-extra', { id: H, driver: H, bus: H, port: H }],
  ['snapshot-device-away', { label: H, vm: H }],
  ['device-not-back', { label: H, vm: H, selector: H, bus: H, port: H, reason: 'words' }],
];

describe('the words of saved states', () => {
  test('there are samples of all', () => {
    expect(new Set(snapshots.map(([code]) => code))).toEqual(new Set(Object.keys(snapshotCatalog)));
  });

  test.each(snapshots)('%s: no outside text gets through raw', (code, evidence) => {
    const { what, where = '', why = '', fix = '' } = words(finding(code, evidence));
    expect(what).toMatch(/^\S.*[^.]$/);
    for (const line of [what, where, why, ...fix.split('\n')]) expect(line).not.toMatch(UNSAFE);
  });
});

const SITTING = { id: H, label: H, bus: H, port: H };

const migrations: { readonly [C in keyof MigrationEvidence]: MigrationEvidence[C] } = {
  'migration-uri-invalid': { uri: H, problem: 'exec' },
  'not-migratable': { vm: H, state: H },
  'migration-holds-devices': { vm: H, uri: H, devices: [SITTING, { ...SITTING, port: undefined }] },
  'migration-irrevocable': { vm: H, devices: [SITTING] },
  'migration-blocked-by-devices': { vm: H, devices: [SITTING] },
  'migration-blocked': { vm: H, reasons: LIST },
  'migration-file-unknown': { vm: H, version: H },
  'migration-file-exists': { path: H },
  'migration-nobody-listens': { path: H, there: 'nothing' },
  'migration-failed': { target: H, reason: H, run: H },
  'migration-went-through': { migration: H },
  'migrated-away': { vm: H },
  'awaits-guest': { vm: H },
};

describe('the words of a migration', () => {
  test.each(Object.keys(migrations) as (keyof MigrationEvidence)[])('%s: no outside text gets through raw', (code) => {
    const { what, where = '', why = '', fix = '' } = words(finding(code, migrations[code]));
    expect(what).toMatch(/^\S.*[^.]$/);
    for (const line of [what, where, why, ...fix.split('\n')]) expect(line).not.toMatch(UNSAFE);
  });
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

  const policy: { readonly [C in Exclude<keyof GuardEvidence, 'device-guarded'>]: GuardEvidence[C] } = {
    'policy-denied': { label: 'x', vm: H, path: H, list: 'allow' },
    'passthrough-disabled': { label: 'x', vm: H, path: H },
    'policy-unusable': { path: H },
    'policy-wrong': { reason: H },
    'policy-untrusted': { path: H, fault: 'owner', uid: 1000, mode: 0o644 },
  };
  test.each(Object.keys(policy) as (keyof typeof policy)[])('%s: no outside text gets through raw', (code) => {
    const { what, where = '', why = '' } = words(finding(code, policy[code]));
    expect(what).toMatch(/^\S.*[^.]$/);
    expect(`${what} ${where} ${why}`).not.toMatch(UNSAFE);
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
    expect(error.message).toBe('a VM named bench runs already: process 7 lives');
  });
});
