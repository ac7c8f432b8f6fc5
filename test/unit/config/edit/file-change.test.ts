import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openPlace } from '../../../../src/base/index.js';
import { lockFile } from '../../../../src/config/edit/file-lock.js';
import {
  editVmFile,
  type FileChange,
  holdVmFile,
  performFileChange,
  undoFileChange,
} from '../../../../src/config/index.js';
import type { QplugError } from '../../../../src/diag/index.js';

let folder: string;
let file: string;
const never = new AbortController().signal;
const TEXT = 'usb:\n  devices:\n    - a # one\n';
const AFTER = 'usb:\n  devices:\n    - a # one\n    - x\n';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-edit-'));
  file = join(folder, 'bench.yaml');
  writeFileSync(file, TEXT);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const now = (): string => readFileSync(file, 'utf8');

async function prepared(path = file): Promise<{ change: FileChange; commit(): void } & Disposable> {
  const held = await holdVmFile(path, never);
  const { splices } = await editVmFile({ text: held.text, path }, { add: [{ select: 'x' }] }, {});
  return { change: held.prepare(splices), commit: () => held.commit(), [Symbol.dispose]: () => held[Symbol.dispose]() };
}

/** A change that was worked out and given up. */
async function aChange(): Promise<FileChange> {
  using held = await prepared();
  return held.change;
}

const codeOf = async (work: () => unknown): Promise<string> => {
  try {
    await work();
  } catch (error) {
    return (error as QplugError).code;
  }
  return expect.fail('it went through');
};

describe('a change in one step', () => {
  test('the file is as it was until the commit, and nothing is left beside it', async () => {
    {
      using held = await prepared();
      expect(now()).toBe(TEXT);
      held.commit();
      expect(now()).toBe(AFTER);
    }
    expect(readdirSync(folder)).toEqual(['bench.yaml']);
  });

  test('given up: nothing has changed, and nothing is left', async () => {
    const before = statSync(file);
    await aChange();
    expect([now(), statSync(file).ino, readdirSync(folder)]).toEqual([TEXT, before.ino, ['bench.yaml']]);
  });

  test('mode and owner are kept', async () => {
    chmodSync(file, 0o640);
    if (process.getuid?.() === 0) chownSync(file, 65534, 65534);
    const { uid, gid, mode } = statSync(file);
    using held = await prepared();
    held.commit();
    expect(statSync(file)).toMatchObject({ uid, gid, mode });
  });

  test('a link stays, and what it points to is changed', async () => {
    mkdirSync(join(folder, 'links'));
    const link = join(folder, 'links/bench.yaml');
    symlinkSync('../bench.yaml', link);
    using held = await prepared(link);
    held.commit();
    expect([lstatSync(link).isSymbolicLink(), readlinkSync(link), now()]).toEqual([true, '../bench.yaml', AFTER]);
    expect(readdirSync(join(folder, 'links'))).toEqual(['bench.yaml']);
  });

  test('a link that somebody else may have made is not followed, and nothing is changed or left', async () => {
    const open = join(folder, 'open');
    mkdirSync(open);
    symlinkSync(file, join(open, 'bench.yaml'));
    symlinkSync(folder, join(open, 'way'));
    chmodSync(open, 0o777);
    for (const path of ['bench.yaml', 'way/bench.yaml']) {
      expect(await codeOf(() => holdVmFile(join(open, path), never))).toBe('vm-file-unwritable');
    }
    expect([now(), readdirSync(folder).sort(), readdirSync(open).sort()]).toEqual([
      TEXT,
      ['bench.yaml', 'open'],
      ['bench.yaml', 'way'],
    ]);
  });

  test('the folder that was opened is the one that is written to, whatever takes its name meanwhile', async () => {
    const work = join(folder, 'work');
    mkdirSync(work);
    writeFileSync(join(work, 'bench.yaml'), TEXT);
    using held = await prepared(join(work, 'bench.yaml'));
    renameSync(work, join(folder, 'moved'));
    symlinkSync(folder, work);
    held.commit();
    expect([now(), readFileSync(join(folder, 'moved/bench.yaml'), 'utf8')]).toEqual([TEXT, AFTER]);
  });

  test('a file that is a pipe by the time it would be replaced holds nobody up', async () => {
    using held = await prepared();
    rmSync(file);
    execFileSync('mkfifo', [file]);
    expect(await codeOf(() => held.commit())).toBe('vm-file-changed');
  });

  test('a byte-order mark stays', async () => {
    writeFileSync(file, `\ufeff${TEXT}`);
    using held = await prepared();
    held.commit();
    expect(now()).toBe(`\ufeff${AFTER}`);
  });

  test('a commit that is undone: the bytes are those from before, unless somebody changed them since', async () => {
    using held = await holdVmFile(file, never);
    held.undo();
    held.prepare((await editVmFile({ text: held.text, path: file }, { add: [{ select: 'x' }] }, {})).splices);
    held.commit();
    held.undo();
    held.undo();
    expect([now(), readdirSync(folder).includes('.bench.yaml.qplug-new')]).toEqual([TEXT, false]);
    held.prepare((await editVmFile({ text: held.text, path: file }, { add: [{ select: 'x' }] }, {})).splices);
    held.commit();
    writeFileSync(file, 'theirs');
    expect(await codeOf(() => held.undo())).toBe('vm-file-changed');
    expect(now()).toBe('theirs');
  });

  test('somebody changed the file, replaced it or took it away: it is left to them', async () => {
    for (const meddle of [
      () => writeFileSync(file, 'theirs'),
      () => {
        // both are there for a moment: the new one can't have the inode of the old
        writeFileSync(join(folder, 'other'), TEXT);
        renameSync(join(folder, 'other'), file);
      },
      () => rmSync(file),
    ]) {
      writeFileSync(file, TEXT);
      using held = await prepared();
      meddle();
      const theirs = readdirSync(folder).includes('bench.yaml') ? now() : undefined;
      expect(await codeOf(() => held.commit())).toBe('vm-file-changed');
      expect(readdirSync(folder).includes('bench.yaml') ? now() : undefined).toBe(theirs);
    }
  });

  test('a folder that takes no new file: refused before anything is done', async () => {
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    writeFileSync(file, TEXT);
    // a name that leaves no room for ours is refused to root as well
    const long = join(folder, `${'n'.repeat(246)}.yaml`);
    writeFileSync(long, TEXT);
    expect(await codeOf(() => holdVmFile(long, never))).toBe('vm-file-unwritable');
  });
});

describe('a change as data', () => {
  test('is plain JSON, can be made, made again, undone, and undone again', async () => {
    const change: FileChange = JSON.parse(JSON.stringify(await aChange()));
    for (const _ of [1, 2]) {
      await performFileChange(change, never);
      expect(now()).toBe(AFTER);
    }
    for (const _ of [1, 2]) {
      await undoFileChange(change, never);
      expect(now()).toBe(TEXT);
    }
    expect(readdirSync(folder)).toEqual(['bench.yaml']);
  });

  test('where the file is neither before nor after, it is left as it is, forwards and backwards', async () => {
    const change = await aChange();
    writeFileSync(file, 'theirs');
    expect(await codeOf(() => performFileChange(change, never))).toBe('vm-file-changed');
    expect(await codeOf(() => undoFileChange(change, never))).toBe('vm-file-changed');
    expect(now()).toBe('theirs');
  });
});

describe('several qplugs at one file', () => {
  test('twenty changes at the same moment: all are there', async () => {
    const add = async (select: string): Promise<void> => {
      using held = await holdVmFile(file, new AbortController().signal);
      const { splices } = await editVmFile({ text: held.text, path: file }, { add: [{ select }] }, {});
      held.prepare(splices);
      await new Promise((done) => setTimeout(done, 1));
      held.commit();
    };
    // a busy machine takes longer for twenty than one waits: who gives up tries again, as a person would
    const patiently = (name: string): Promise<void> =>
      add(name).catch((error) => (error.code === 'vm-file-busy' ? patiently(name) : Promise.reject(error)));
    const names = Array.from({ length: 20 }, (_, index) => `new${index}`);
    await Promise.all(names.map(patiently));
    expect(names.filter((name) => !now().includes(`- ${name}\n`))).toEqual([]);
    expect(readdirSync(folder)).toEqual(['bench.yaml']);
  });

  test('what one that was killed left is taken over', async () => {
    const child = spawn('sleep', ['0']);
    await once(child, 'exit');
    symlinkSync(`${child.pid}_1_none`, join(folder, '.bench.yaml.qplug-lock'));
    writeFileSync(join(folder, '.bench.yaml.qplug-new'), 'half');
    using held = await prepared();
    held.commit();
    expect(now()).toBe(AFTER);
  });

  test('one that waits can be told to stop', async () => {
    using place = openPlace(file);
    using _other = await lockFile(place, never);
    const controller = new AbortController();
    const waiting = lockFile(place, controller.signal);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});
