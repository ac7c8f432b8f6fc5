import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { QplugError } from '../../../../src/diag/index.js';
import { type SnapshotIdentity, type SnapshotRecord, SnapshotStore } from '../../../../src/registry/index.js';

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'qplug-snapshots-'));
});
afterEach(() => rmSync(state, { recursive: true }));

const ID: SnapshotIdentity = { tag: 'clean', seconds: 1_795_289_813, nanoseconds: 5_047_000 };
const RECORD: SnapshotRecord = {
  ...{ format: 1, vm: 'bench', tag: 'clean', kept: false },
  tree: {
    controllers: [
      {
        ...{ bus: 'x.0', id: 'x', model: 'qemu-xhci', address: 'pci.0/4.0', ports: [{ port: 1, mask: 7 }] },
        devices: [{ id: null, driver: 'usb-kbd', port: '1', hubPorts: null, megabits: 480 }],
      },
    ],
  },
  hosts: [{ vendorId: 1, productId: 2, serial: '', label: 'a stick', bus: 'x.0', port: '2' }],
};

test('a tree is kept for its snapshot alone, for nobody else to read, and goes with it', () => {
  const store = new SnapshotStore(join(state, 'made'));
  expect(store.read(ID)).toBe('none');
  store.write(ID, RECORD);
  expect(new SnapshotStore(join(state, 'made')).read(ID)).toEqual(RECORD);
  for (const other of [{ tag: 'clean2' }, { seconds: 1 }, { nanoseconds: 1 }]) {
    expect(store.read({ ...ID, ...other })).toBe('none');
  }
  const folder = join(state, 'made', 'snapshots');
  const [name = '', ...others] = readdirSync(folder);
  expect([name, others]).toEqual(['1795289813-005047000-clean.json', []]);
  expect([folder, join(folder, name)].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o600]);
  store.remove(ID);
  store.remove(ID);
  expect([readdirSync(folder), store.read(ID)]).toEqual([[], 'none']);
});

test('what can not be written is an error, and leaves nothing', () => {
  writeFileSync(join(state, 'file'), '');
  const store = new SnapshotStore(join(state, 'file'));
  const writing = (): void => store.write(ID, RECORD);
  expect(writing).toThrow(QplugError);
  expect(writing).toThrow(/ENOTDIR|EEXIST/);
  expect(store.read(ID)).toBe('unreadable');
});

test('a link in the place of a file is replaced, not followed', () => {
  const store = new SnapshotStore(state);
  mkdirSync(join(state, 'snapshots'));
  writeFileSync(join(state, 'theirs'), 'theirs');
  symlinkSync('../theirs', store.pathOf(ID) ?? '');
  store.write(ID, RECORD);
  expect(readFileSync(join(state, 'theirs'), 'utf8')).toBe('theirs');
  expect(store.read(ID)).toEqual(RECORD);
});

const broken = (change: (record: Record<string, unknown>) => unknown): string => {
  const copy = structuredClone(RECORD) as unknown as Record<string, unknown>;
  return JSON.stringify(change(copy) ?? copy);
};

test.each([
  ['', 'torn'],
  ['{', 'torn'],
  ['null', 'torn'],
  ['[]', 'torn'],
  [broken(() => ({ format: 2 })), 'newer'],
  [broken((one) => void delete one['tree']), 'torn'],
  [broken((one) => ({ ...one, kept: 'yes' })), 'torn'],
  [broken((one) => ({ ...one, hosts: [{}] })), 'torn'],
  [broken((one) => ({ ...one, tree: { controllers: [null] } })), 'torn'],
  [
    broken((one) => ({ ...one, tree: { controllers: [{ ...RECORD.tree.controllers[0], devices: [{ port: 1 }] }] } })),
    'torn',
  ],
])('%s is no record', (text, what) => {
  const store = new SnapshotStore(state);
  mkdirSync(join(state, 'snapshots'));
  writeFileSync(store.pathOf(ID) ?? '', text);
  expect(store.read(ID)).toBe(what);
});

test('no snapshot of anybody, whatever its name and time, has a file outside the folder', () => {
  const store = new SnapshotStore('/state');
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('..', '../x', 'a/b', '.', 'x\0y')),
      fc.oneof(fc.double(), fc.integer()),
      fc.oneof(fc.double(), fc.nat()),
      (tag, seconds, nanoseconds) => {
        const path = store.pathOf({ tag, seconds, nanoseconds });
        if (path !== undefined) expect(path).toMatch(/^\/state\/snapshots\/\d+-\d+-[\w.-]+\.json$/);
      },
    ),
  );
});
