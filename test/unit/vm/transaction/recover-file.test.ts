import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HostAccess } from '../../../../src/access/index.js';
import { editVmFile, type FileChange, holdVmFile, performFileChange } from '../../../../src/config/index.js';
import { recordedSysfs } from '../../../../src/host/index.js';
import { ClaimStore, Journal, type JournalEntry, VmRegistry } from '../../../../src/registry/index.js';
import { mend } from '../../../../src/vm/index.js';
import { PATIENCE } from '../../../patience.js';
import { recording } from '../../host/recordings.js';
import { DEAD, SELF } from '../../registry/records.js';

/** What becomes of a VM's file whose change was cut off, where the VM is gone: with one that answers it is test/lab/suites/config.ts. */

const BEFORE = 'usb: # of the bench\n  devices:\n    - a\n';
const AFTER = 'usb: # of the bench\n  devices:\n    - a\n    - x\n';
const never = new AbortController().signal;

let folder: string;
let file: string;
let host: HostAccess;
let change: FileChange;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-mend-'));
  file = join(folder, 'bench.yaml');
  writeFileSync(file, BEFORE);
  host = {
    sysfs: recordedSysfs(recording('six-devices')),
    drivers: { path: 'none', probe: () => undefined, bind: () => undefined, unbind: () => undefined },
    registry: new VmRegistry(join(folder, 'run')),
    claims: new ClaimStore(join(folder, 'run')),
    journal: new Journal(join(folder, 'state')),
    env: {},
  };
  using held = await holdVmFile(file, never);
  change = held.prepare((await editVmFile({ text: held.text, path: file }, { add: [{ select: 'x' }] }, {})).splices);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Leaves an entry as one that was killed does: a device, then the file. */
function died(recover: 'undo' | 'finish', marks: (entry: JournalEntry) => void): void {
  const steps = [
    { do: 'remove', target: 'm', qomPath: '/machine/peripheral/m', label: 'usb-mouse' },
    { do: 'write', change, label: file },
  ];
  const kind = recover === 'undo' ? 'attach' : 'detach';
  const socket = join(folder, 'qmp.sock');
  const entry = host.journal.begin({ format: 1, kind, vm: 'bench', socket, steps, recover });
  marks(entry);
  entry.leave();
  for (const name of readdirSync(host.journal.folder)) {
    const dead = name.replace(`_${SELF.pid}_${SELF.startTime}_`, `_${SELF.pid}_${DEAD.startTime}_`);
    renameSync(join(host.journal.folder, name), join(host.journal.folder, dead));
  }
}

async function mended(): Promise<string[]> {
  const findings = await mend(host, { signal: never, timeout: PATIENCE });
  return findings.map(({ code, severity }) => `${severity} ${code}`);
}

const now = (): string => readFileSync(file, 'utf8');
const begun = (entry: JournalEntry): void => {
  entry.mark(0, 'doing');
  entry.mark(0, 'done');
};
const writing = (entry: JournalEntry): void => {
  begun(entry);
  entry.mark(1, 'doing');
};
const written = (entry: JournalEntry): void => {
  writing(entry);
  entry.mark(1, 'done');
};
const done = (entry: JournalEntry): void => {
  written(entry);
  entry.commit();
};

describe.each([
  ['an attach, which is undone', 'undo', BEFORE],
  ['a detach, which is finished', 'finish', AFTER],
] as const)('%s', (_, recover, wanted) => {
  test.each([
    ['before its first step', () => undefined, false, BEFORE, []],
    ['before the file', begun, false, wanted, ['warning mended']],
    ['on the file, which is as before', writing, false, wanted, ['warning mended']],
    ['on the file, which is changed', writing, true, wanted, ['warning mended']],
    ['after the file', written, true, wanted, ['warning mended']],
    ['after all', done, true, AFTER, []],
  ] as const)('cut off %s', async (_, marks, isChanged, expected, told) => {
    died(recover, marks);
    if (isChanged) await performFileChange(change, never);
    writeFileSync(join(folder, '.bench.yaml.qplug-new'), 'left by the dead one');
    expect(await mended()).toEqual(told);
    expect([now(), readdirSync(host.journal.folder)]).toEqual([expected, []]);
    if (!isChanged) expect(readdirSync(folder)).not.toContain('.bench.yaml.qplug-new');
    expect(await mended()).toEqual([]);
  });

  test('somebody edited the file since: it stays as they left it, and that is said once', async () => {
    died(recover, writing);
    writeFileSync(file, 'theirs');
    expect(await mended()).toEqual(['warning mended', 'warning vm-file-changed']);
    expect([now(), await mended()]).toEqual(['theirs', []]);
  });

  test('the file is gone since: that is said, and no new one is made', async () => {
    died(recover, writing);
    rmSync(file);
    expect(await mended()).toEqual(['warning mended', 'warning vm-file-missing']);
    expect([readdirSync(folder).includes('bench.yaml'), await mended()]).toEqual([false, []]);
  });
});

test('a file that was edited after a change that was never begun: nothing is said', async () => {
  died('undo', begun);
  writeFileSync(file, 'theirs');
  expect(await mended()).toEqual(['warning mended']);
  expect(now()).toBe('theirs');
});
