import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Journal, type JournalHead, type Mark } from '../../../../src/registry/index.js';
import { DEAD, SELF } from '../records.js';

const HEAD: JournalHead = {
  format: 1,
  kind: 'attach',
  vm: 'bench',
  socket: '/run/qplug/vm/bench/qplug.sock',
  steps: [{ do: 'add' }, { do: 'add' }],
  recover: 'undo',
};

let folder: string;
let journal: Journal;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-journal-'));
  journal = new Journal(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function files(): string[] {
  return readdirSync(journal.folder);
}

/** Makes the worker of all entries one that is dead. */
function die(): void {
  const name = (start: number): string => `_${SELF.pid}_${start}_`;
  for (const file of files()) {
    const dead = file.replace(name(SELF.startTime), name(DEAD.startTime));
    renameSync(join(journal.folder, file), join(journal.folder, dead));
  }
}

test('an entry is on the disk before anything is done, for its owner alone, and gone when it is over', () => {
  const entry = journal.begin(HEAD);
  const [file = ''] = files();
  const path = join(journal.folder, file);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(HEAD);
  expect([statSync(path).mode & 0o777, statSync(journal.folder).mode & 0o777]).toEqual([0o600, 0o700]);
  entry.mark(0, 'doing');
  expect(readFileSync(path, 'utf8').trim().split('\n').at(-1)).toBe('{"step":0,"is":"doing"}');
  entry.end();
  entry.end();
  expect(files()).toEqual([]);
});

test('what was never whole is cleared away by the next command, unless its process lives', () => {
  const entry = journal.begin(HEAD);
  const [mine = ''] = files();
  const dead = `1795291708770-1-0_${DEAD.pid}_${DEAD.startTime}_${DEAD.bootId}.jsonl`;
  const unfinished = [`${dead}.new`, `.qplug-${DEAD.pid}_${DEAD.startTime}_${DEAD.bootId}.0a1b2c3d`];
  const living = [`${mine}.new`, `.qplug-${SELF.pid}_${SELF.startTime}_${SELF.bootId}.0a1b2c3d`];
  for (const name of [...unfinished, ...living]) writeFileSync(join(journal.folder, name), '{"form');
  entry.end();
  expect(journal.isEmpty).toBe(false);
  expect(journal.takeOver()).toEqual([]);
  expect(files().toSorted()).toEqual(living.toSorted());
});

test('a disk that is full leaves nothing of an entry', () => {
  journal.begin(HEAD).end();
  const tooMuch = { ...HEAD, vm: 'x'.repeat(20_000) };
  execFileSync('mount', ['-t', 'tmpfs', '-osize=8k,mode=700', 'none', journal.folder]);
  try {
    expect(() => journal.begin(tooMuch)).toThrow('ENOSPC');
    expect(files()).toEqual([]);
  } finally {
    execFileSync('umount', [journal.folder]);
  }
});

test('what a living process works on is left to it, until it leaves it', () => {
  const entry = journal.begin(HEAD);
  expect(journal.takeOver()).toEqual([]);
  entry.mark(0, 'doing');
  entry.leave();
  entry.leave();
  expect(journal.isEmpty).toBe(false);
  const [taken, ...more] = journal.takeOver();
  expect([taken?.head, taken?.stateOf(0), more, journal.takeOver()]).toEqual([HEAD, 'doing', [], []]);
  taken?.end();
  expect(journal.isEmpty).toBe(true);
});

test('what a dead one left is taken over as far as it was, the oldest first, and by one alone', () => {
  const first = journal.begin(HEAD);
  first.mark(0, 'doing');
  first.mark(0, 'done');
  first.mark(1, 'doing');
  const second = journal.begin({ ...HEAD, kind: 'detach' });
  second.commit();
  die();
  const [one, two, ...more] = journal.takeOver();
  expect([one?.head, two?.head, more]).toEqual([HEAD, { ...HEAD, kind: 'detach' }, []]);
  expect([one?.stateOf(0), one?.stateOf(1), one?.stateOf(2), one?.isCommitted]).toEqual([
    'done',
    'doing',
    undefined,
    false,
  ]);
  expect([two?.stateOf(0), two?.isCommitted]).toEqual([undefined, true]);
  expect(new Journal(folder).takeOver()).toEqual([]);
  one?.mark(1, 'undone');
  die();
  const [again] = journal.takeOver();
  expect(again?.stateOf(1)).toBe('undone');
  again?.end();
  two?.end();
  expect(files()).toEqual([]);
});

test.each([
  ['a line that was cut short', '{"step":1,"is":"do', 'doing'],
  ['a line that says nothing known', '{"step":0,"is":"eaten"}\n', 'doing'],
  ['lines of another kind', 'null\n7\n"x"\n[]\n', 'doing'],
  ['a step that is no number', '{"step":"0","is":"done"}\n', 'doing'],
  ['a whole line', '{"step":0,"is":"done"}\n', 'done'],
])('%s', (_, text, state) => {
  const entry = journal.begin(HEAD);
  entry.mark(0, 'doing');
  for (const file of files()) appendFileSync(join(journal.folder, file), text);
  die();
  const [taken] = journal.takeOver();
  expect(taken?.stateOf(0)).toBe(state);
  taken?.end();
});

test.each([
  ['nothing', ''],
  ['half a line', '{"format":1,"kind":"attach"'],
])('an entry that holds %s never began: it is cleared away', (_, text) => {
  journal.begin(HEAD);
  for (const file of files()) writeFileSync(join(journal.folder, file), text);
  die();
  expect(journal.takeOver()).toEqual([]);
  expect(files()).toEqual([]);
});

test.each([
  ['another format', { ...HEAD, format: 2 }],
  ['steps of another kind', { ...HEAD, steps: 3 }],
  ['no entry', []],
])('an entry of another qplug (%s) is left for that one', (_, head) => {
  journal.begin(HEAD);
  for (const file of files()) writeFileSync(join(journal.folder, file), `${JSON.stringify(head)}\n`);
  die();
  const before = files();
  expect(journal.takeOver()).toEqual([]);
  expect(files()).toEqual(before);
});

test('files of others are left alone', () => {
  journal.begin(HEAD).end();
  writeFileSync(join(journal.folder, 'notes.txt'), 'mine');
  expect(journal.takeOver()).toEqual([]);
  expect(files()).toEqual(['notes.txt']);
});

test('a journal that was never written is empty', () => {
  expect(new Journal(join(folder, 'none')).takeOver()).toEqual([]);
});

test("where it can't be written nothing may be done", () => {
  writeFileSync(join(folder, 'file'), '');
  expect(() => new Journal(join(folder, 'file')).begin(HEAD)).toThrow(
    expect.objectContaining({ code: 'state-write-failed' }),
  );
});

test('whoever watches is told of each line after it was written', () => {
  const seen: Mark[] = [];
  const entry = new Journal(folder, (_, mark) => seen.push(mark)).begin(HEAD);
  entry.mark(0, 'doing');
  entry.commit();
  entry.end();
  expect(seen).toEqual([{ is: 'begun' }, { step: 0, is: 'doing' }, { is: 'committed' }, { is: 'ended' }]);
});

test('a line that a full disk took in part is taken back, so that nobody reads it', async () => {
  const program = join(folder, 'writer.mjs');
  // the process may write 1024 bytes: of the first mark all but the line break fits, which would count
  const contents = `
    import { Journal } from ${JSON.stringify(join(import.meta.dirname, '../../../../src/registry/journal/journal.ts'))};
    process.on('SIGXFSZ', () => undefined);
    const head = { ...${JSON.stringify(HEAD)}, vm: '' };
    const mark = JSON.stringify({ is: 'committed' });
    head.vm = 'v'.repeat(1024 - mark.length - JSON.stringify(head).length - 1);
    const entry = new Journal(${JSON.stringify(folder)}).begin(head);
    try { entry.commit(); console.log('written'); } catch (error) { console.log(error.code, entry.isCommitted); }
  `;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: folder },
    ...{ bundle: true, platform: 'node', format: 'esm', target: 'node20', write: false },
  });
  writeFileSync(program, outputFiles[0]?.contents ?? '');
  const limited = ['-c', 'ulimit -f 1; exec "$0" "$1"', process.execPath, program];
  expect(execFileSync('bash', limited, { encoding: 'utf8' })).toBe('state-write-failed false\n');
  const [name = ''] = files();
  expect(readFileSync(join(journal.folder, name), 'utf8')).toMatch(/^\{.*\}\n$/);
});
