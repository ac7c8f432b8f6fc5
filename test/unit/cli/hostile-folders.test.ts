import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recordedSysfs } from '../../../src/host/index.js';
import { recording } from '../host/recordings.js';
import { DEAD } from '../registry/records.js';
import { qplug } from './fake-terminal.js';

let top: string;
let victim: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'qplug-folders-'));
  victim = join(top, 'victim.yaml');
  writeFileSync(victim, 'name: a\n');
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

/** A folder with a transaction that somebody invented: whoever mends it would change a file. */
function forged(mode: number): string {
  const folder = join(top, 'run');
  mkdirSync(join(folder, 'state/journal'), { recursive: true });
  const change = { file: victim, before: 'x', after: 'y', splices: [{ start: 0, end: 0, text: 'evil: 1\n' }] };
  const steps = [{ do: 'write', change, label: 'victim' }];
  const head = { format: 1, kind: 'detach', vm: 'v', socket: '/none', steps, recover: 'finish' };
  const name = `1795291708770-1-0_${DEAD.pid}_${DEAD.startTime}_${DEAD.bootId}.jsonl`;
  writeFileSync(join(folder, 'state/journal', name), `${JSON.stringify(head)}\n{"step":0,"is":"doing"}\n`);
  chmodSync(folder, mode);
  return folder;
}

const run = (folder: string, ...words: readonly string[]) =>
  qplug(words, {
    env: { QPLUG_RUNTIME_DIR: folder, PATH: process.env['PATH'] },
    sysfs: recordedSysfs(recording('six-devices')),
  });

test.each(['list', 'claims', 'status bench', 'kill bench', 'mend', 'attach bench 1-2', 'doctor'])(
  'a folder that others may write in: %s says so once, and reads nothing of what is there',
  async (line) => {
    const folder = forged(0o777);
    const { exit, out, err } = await run(folder, ...line.split(' '));
    expect([exit, out]).toEqual([1, '']);
    expect(err).toMatch(/^error: qplug does not use a folder that other users can change: other users can write to /);
    expect(err).toContain(`chmod go-w ${folder}`);
    expect(err.match(/^(error|warning|note): /gm)).toHaveLength(1);
    expect(readFileSync(victim, 'utf8')).toBe('name: a\n');
  },
);

test('the same folder, once it is closed, is read', async () => {
  expect((await run(forged(0o700), 'list')).err).toMatch(/^warning: .*detach/m);
});

test('a link in the place of the folder is not followed', async () => {
  const link = join(top, 'link');
  symlinkSync(forged(0o700), link);
  const { exit, err } = await run(link, 'list');
  expect([exit, /is a link, and its owner decides where it points/.test(err)]).toEqual([1, true]);
});

test.each(['..', '.', '...', '-', '\u202egp', 'vm.json', '~'])('%j is no VM, wherever it might lead', async (word) => {
  mkdirSync(join(top, 'own/vm'), { recursive: true });
  writeFileSync(join(top, 'own/vm.json'), '{}');
  const { exit, err } = await run(join(top, 'own'), 'status', word);
  expect([2, 3]).toContain(exit);
  expect(err).toMatch(/^error: /);
  expect(err).not.toContain('\u202e');
});
