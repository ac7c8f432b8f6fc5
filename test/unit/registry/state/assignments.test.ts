import { spawn } from 'node:child_process';
import { once } from 'node:events';
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
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { formatProcess } from '../../../../src/base/index.js';
import { type Assignment, type AssignmentRecord, AssignmentStore } from '../../../../src/registry/index.js';
import { alsoIdentityOf, parseAssignmentRecord } from '../../../../src/registry/state/assignment-record.js';
import { inRounds } from '../../../in-rounds.js';
import { bundled } from '../bundled.js';
import { DEAD } from '../records.js';

const STICK: Assignment = { id: 1, select: '0781:5567', made: '2026-01-01T00:00:00.000Z' };
const BOARD: Assignment = {
  ...{ id: 4, select: '0483:5740', made: '2026-01-02T00:00:00.000Z', controller: 'xhci', port: '1.2' },
  ...{ slower: 'allow', also: ['0483:df11', '2e8a:*', 'class=fe0102'], hold: 3600, ask: true },
};
const RECORD: AssignmentRecord = { format: 1, vm: 'bench', socket: '/run/x.sock', assignments: [STICK, BOARD] };

const { signal } = new AbortController();
let folder: string;
let store: AssignmentStore;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-assignments-'));
  store = new AssignmentStore(join(folder, 'state'));
  path = join(folder, 'state', 'assignments', 'bench.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const files = (): string[] => readdirSync(join(folder, 'state', 'assignments'));

describe('the assignments of a VM', () => {
  test('come back as they were written, in files closed to others; nothing else is left there', async () => {
    expect(store.read('bench')).toEqual({ record: undefined, findings: [] });
    expect(store.list()).toEqual({ records: [], findings: [] });
    await store.change(
      'bench',
      (before) => {
        expect(before).toEqual({ format: 1, vm: 'bench', assignments: [] });
        return RECORD;
      },
      signal,
    );
    expect(store.read('bench')).toEqual({ record: RECORD, findings: [] });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
    expect(files()).toEqual(['bench.json']);
  });

  test('are listed in order of name; who changes one sees those of the others', async () => {
    for (const vm of ['b', 'a']) await store.change(vm, (one) => ({ ...one, assignments: [STICK] }), signal);
    await store.change(
      'b',
      (one, others) => {
        expect(others.map(({ vm }) => vm)).toEqual(['a']);
        return one;
      },
      signal,
    );
    expect(store.list().records.map(({ vm }) => vm)).toEqual(['a', 'b']);
  });

  test('without socket and without assignments there is no file', async () => {
    await store.change('bench', () => RECORD, signal);
    await store.change('bench', ({ socket: _, ...one }) => one, signal);
    expect(files()).toEqual(['bench.json']);
    await store.change('bench', (one) => ({ ...one, assignments: [] }), signal);
    expect(files()).toEqual([]);
  });

  test('are kept with a share, which alone keeps the file, too', async () => {
    const share = { listen: '/home/me/shared.sock', made: STICK.made };
    await store.change('bench', () => ({ ...RECORD, share }), signal);
    expect(store.read('bench')).toEqual({ record: { ...RECORD, share }, findings: [] });
    await store.change('bench', ({ socket: _, ...one }) => ({ ...one, assignments: [] }), signal);
    expect(store.read('bench').record).toEqual({ format: 1, vm: 'bench', assignments: [], share });
    await store.change('bench', ({ share: _, ...one }) => one, signal);
    expect(files()).toEqual([]);
  });

  test('stay as they are if the change fails', async () => {
    await store.change('bench', () => RECORD, signal);
    const wrong = (): never => {
      throw new Error('no');
    };
    await expect(store.change('bench', wrong, signal)).rejects.toThrow('no');
    expect(store.read('bench').record).toEqual(RECORD);
    expect(files()).toEqual(['bench.json']);
  });

  test('of a name that is none are refused: it could lead out of the folder', async () => {
    expect(() => store.read('../x')).toThrow(/not a valid VM name/);
    await expect(store.change('../x', () => RECORD, signal)).rejects.toMatchObject({ code: 'vm-name-wrong' });
  });
});

describe('a file', () => {
  const wrong = (more: object): string => JSON.stringify({ ...RECORD, ...more });
  const one = (more: object): string => wrong({ assignments: [{ ...BOARD, ...more }] });
  test.each([
    ['nothing', '', 'torn'],
    ['half a record', JSON.stringify(RECORD).slice(0, 80), 'torn'],
    ['the name of another VM', wrong({ vm: 'other' }), 'torn'],
    ['a name that is none', wrong({ vm: '../x' }), 'torn'],
    ['a socket that is not absolute', wrong({ socket: 'x.sock' }), 'torn'],
    ['one number twice', wrong({ assignments: [STICK, STICK] }), 'torn'],
    ['the number 0', one({ id: 0 }), 'torn'],
    ['no selector', one({ select: '' }), 'torn'],
    ['another word for slower', one({ slower: 'maybe' }), 'torn'],
    ['an identity that is none', one({ also: ['0483'] }), 'torn'],
    ['a hold of two hours', one({ hold: 7200 }), 'torn'],
    ['an ask that is no', one({ ask: false }), 'torn'],
    ['no time', one({ made: 'yesterday' }), 'torn'],
    ['a share that is no object', wrong({ share: '/run/s' }), 'torn'],
    ['a share at a path that is not absolute', wrong({ share: { listen: 's', made: STICK.made } }), 'torn'],
    [
      'a share at a path that is endless',
      wrong({ share: { listen: `/${'x'.repeat(2000)}`, made: STICK.made } }),
      'torn',
    ],
    ['a share without a time', wrong({ share: { listen: '/run/s' } }), 'torn'],
    ['a later format', JSON.stringify({ format: 2, anything: true }), 'newer'],
  ])('with %s is told, and left alone', async (_, text, reason) => {
    mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
    writeFileSync(path, text);
    const findings = [{ code: 'assignments-unreadable', severity: 'warning', evidence: { vm: 'bench', reason, path } }];
    expect(store.read('bench')).toMatchObject({ record: undefined, findings });
    expect(store.list()).toMatchObject({ records: [], findings });
    await expect(store.change('bench', () => RECORD, signal)).rejects.toMatchObject({ code: 'assignments-unreadable' });
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  test('of another name in the folder is none', async () => {
    await store.change('bench', () => RECORD, signal);
    for (const name of ['.hidden.json', 'README', '-x.json']) writeFileSync(join(path, '..', name), 'x');
    expect(store.list()).toEqual({ records: [RECORD], findings: [] });
  });
});

test.each([
  ['0483:DF11', '0483:df11'],
  [' 2e8a:* ', '2e8a:*'],
  ['class=FE0102', 'class=fe0102'],
  ['*:1234', undefined],
  ['class=fe', undefined],
  ['0483:df11:SERIAL', undefined],
  ['', undefined],
])('what a device may change into: %j is %j', (text, identity) => {
  expect(alsoIdentityOf(text)).toBe(identity);
});

test('a record is read as it was written', () => {
  expect(parseAssignmentRecord(JSON.stringify(RECORD))).toEqual(RECORD);
});

describe('at the same moment', () => {
  test('six processes change one VM: every change is there, in each of 20 rounds', async () => {
    const program = await bundled('state/assigner', folder);
    await inRounds(program, folder, { processes: 6, rounds: 20 });
    const { record } = store.read('bench');
    expect(record?.assignments.map(({ id }) => id)).toEqual(Array.from({ length: 120 }, (_, index) => index + 1));
    expect(new Set(record?.assignments.map(({ select }) => select)).size).toBe(120);
    expect(files()).toEqual(['bench.json']);
  });

  test('all find the lock of a process that was killed while it changed: one at a time goes on', async () => {
    const program = await bundled('state/assigner', folder);
    const after = async (): Promise<void> => symlinkSync(formatProcess(DEAD), join(path, '..', '.lock'));
    await store.change('bench', () => RECORD, signal);
    await after();
    await inRounds(program, folder, { processes: 6, rounds: 20, after });
    expect(store.read('bench').record?.assignments).toHaveLength(122);
  });
});

describe('a process that is killed', () => {
  test('with the lock, in the middle of a change: the next one goes on, with what was there', async () => {
    await store.change('bench', () => RECORD, signal);
    const program = await bundled('state/assigner', folder);
    writeFileSync(join(folder, 'round-0'), '');
    const child = spawn(process.execPath, [program, folder, '0', '1', 'dies'], { stdio: 'ignore' });
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    expect(files()).toEqual(['.lock', 'bench.json']);
    expect(store.read('bench').record).toEqual(RECORD);
    await store.change('bench', (one) => ({ ...one, assignments: [STICK] }), signal);
    expect(store.read('bench').record?.assignments).toEqual([STICK]);
    expect(files()).toEqual(['bench.json']);
  });

  test.each([
    ['while it wrote', { [`.qplug-${formatProcess(DEAD)}.1f`]: 'file' }],
    ['while it removed the lock of another', { '.lock': 'link', '.lock+': 'link' }],
    ['and the next while it removed that', { '.lock': 'link', '.lock+': 'link', '.lock++': 'link' }],
    ['after it had removed the lock of another', { '.lock+': 'link' }],
  ])('%s: the next one goes on, and leaves nothing but the record', async (_, left) => {
    await store.change('bench', () => RECORD, signal);
    for (const [name, kind] of Object.entries(left)) {
      if (kind === 'link') symlinkSync(formatProcess(DEAD), join(path, '..', name));
      else writeFileSync(join(path, '..', name), '{');
    }
    await store.change('bench', (one) => ({ ...one, assignments: [BOARD] }), signal);
    expect(store.list()).toEqual({ records: [{ ...RECORD, assignments: [BOARD] }], findings: [] });
    // a second lock that nobody needs is removed when it is needed
    expect(files().filter((name) => name !== '.lock+')).toEqual(['bench.json']);
  });
});

test('who waits for another process can be told to stop', async () => {
  await store.change('bench', () => RECORD, signal);
  const controller = new AbortController();
  let waiting: Promise<unknown> = Promise.resolve();
  await store.change(
    'bench',
    (one) => {
      waiting = store.change('bench', (other) => other, controller.signal);
      controller.abort(new Error('enough'));
      return one;
    },
    signal,
  );
  await expect(waiting).rejects.toThrow('enough');
});
