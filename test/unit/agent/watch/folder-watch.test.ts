import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FolderWatch } from '../../../../src/agent/watch/index.js';
import { poll } from '../../../../src/base/index.js';
import { patience } from '../../../patience.js';

let folder: string;
let heard: number;
let watch: FolderWatch | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-watch-'));
  heard = 0;
  watch = undefined;
});
afterEach(() => {
  watch?.[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

function start(path: string, deep = true): void {
  watch = new FolderWatch(path, { deep }, () => {
    heard++;
  });
}

/** Waits until the watch has told of what was done. */
async function isHeard(act: () => void): Promise<void> {
  const before = heard;
  act();
  await poll(() => heard > before, { interval: 1, signal: patience() });
}

/** Lets a quiet machine tell of what was done so far. On a busy one it is told later: then the next wait ends early, and none fails. */
async function isQuiet(): Promise<void> {
  let before = -1;
  while (before !== heard) {
    before = heard;
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** @returns how many inodes this process watches: each is a line in the data of an inotify descriptor (proc(5)) */
function watchedInodes(): number {
  return readdirSync('/proc/self/fdinfo')
    .flatMap((fd) => {
      try {
        return readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').split('\n');
      } catch {
        // closed meanwhile
        return [];
      }
    })
    .filter((line) => line.startsWith('inotify wd:')).length;
}

describe('a folder that is watched', () => {
  test('a file comes, changes its rights, and goes', async () => {
    start(folder);
    await isHeard(() => writeFileSync(join(folder, 'file'), ''));
    await isHeard(() => writeFileSync(join(folder, 'file'), 'more'));
    await isHeard(() => rmSync(join(folder, 'file')));
  });

  test('files in its subfolders come and go, in those that were there and in those that come', async () => {
    mkdirSync(join(folder, '001'));
    start(folder);
    await isHeard(() => writeFileSync(join(folder, '001/002'), ''));
    await isHeard(() => mkdirSync(join(folder, '002')));
    await isHeard(() => writeFileSync(join(folder, '002/001'), ''));
    await isHeard(() => rmSync(join(folder, '001/002')));
  });

  test('a subfolder goes and comes back with its name, and its files are heard of again', async () => {
    mkdirSync(join(folder, '001'));
    start(folder);
    for (let times = 0; times < 5; times++) {
      await isHeard(() => rmSync(join(folder, '001'), { recursive: true }));
      await isHeard(() => mkdirSync(join(folder, '001')));
      await isQuiet();
      await isHeard(() => writeFileSync(join(folder, '001/005'), ''));
      await isQuiet();
    }
  });

  test('a subfolder is replaced in one moment, and the files of the new one are heard of', async () => {
    mkdirSync(join(folder, '001'));
    start(folder);
    await isHeard(() => {
      rmSync(join(folder, '001'), { recursive: true });
      mkdirSync(join(folder, '001'));
    });
    await isQuiet();
    await isHeard(() => writeFileSync(join(folder, '001/005'), ''));
  });

  test('its subfolders are not watched unless somebody wants it', async () => {
    mkdirSync(join(folder, '001'));
    const before = watchedInodes();
    start(folder, false);
    expect(watchedInodes()).toBe(before + 1);
    await isHeard(() => writeFileSync(join(folder, 'file'), ''));
  });
});

describe('a folder that does not exist', () => {
  test('is heard of when it comes, with all folders above it', async () => {
    const path = join(folder, 'dev/bus/usb');
    start(path);
    await isHeard(() => mkdirSync(join(folder, 'dev')));
    await isQuiet();
    await isHeard(() => mkdirSync(join(folder, 'dev/bus')));
    await isQuiet();
    await isHeard(() => mkdirSync(path));
    await isQuiet();
    await isHeard(() => mkdirSync(join(path, '001')));
    await isQuiet();
    await isHeard(() => writeFileSync(join(path, '001/002'), ''));
  });

  test('is heard of when it comes with all that is in it', async () => {
    const path = join(folder, 'dev/bus/usb');
    start(path);
    await isHeard(() => mkdirSync(join(path, '001'), { recursive: true }));
    await isQuiet();
    await isHeard(() => writeFileSync(join(path, '001/002'), ''));
  });

  test('goes and comes back', async () => {
    const path = join(folder, 'bus/usb');
    mkdirSync(join(path, '001'), { recursive: true });
    start(path);
    for (let times = 0; times < 3; times++) {
      await isHeard(() => rmSync(join(folder, 'bus'), { recursive: true }));
      await isQuiet();
      await isHeard(() => mkdirSync(join(path, '001'), { recursive: true }));
      await isQuiet();
      await isHeard(() => writeFileSync(join(path, '001/002'), ''));
      await isQuiet();
    }
  });

  test('comes and goes while another program is faster, and is heard of afterwards', async () => {
    const path = join(folder, 'bus/usb');
    start(path);
    const often =
      'i=0; while [ $i -lt 200 ]; do mkdir -p bus/usb/001; rm -r bus; i=$((i+1)); done; mkdir -p bus/usb/001';
    await promisify(execFile)('/bin/sh', ['-c', often], { cwd: folder });
    await isQuiet();
    await isHeard(() => writeFileSync(join(path, '001/002'), ''));
  });

  test('comes by a new name of another one', async () => {
    const path = join(folder, 'usb');
    mkdirSync(join(folder, 'other/001'), { recursive: true });
    start(path);
    await isHeard(() => renameSync(join(folder, 'other'), path));
    await isQuiet();
    await isHeard(() => writeFileSync(join(path, '001/002'), ''));
  });
});

describe('the end of a watch', () => {
  test('leaves no watcher, and nothing is told any more', async () => {
    const before = watchedInodes();
    for (const name of ['001', '002', '003']) mkdirSync(join(folder, name));
    start(folder);
    expect(watchedInodes()).toBe(before + 4);
    await isHeard(() => rmSync(join(folder, '003'), { recursive: true }));
    await isQuiet();
    expect(watchedInodes()).toBe(before + 3);
    // told, but not yet heard
    writeFileSync(join(folder, '001/002'), '');
    watch?.[Symbol.dispose]();
    expect(watchedInodes()).toBe(before);
    const told = heard;
    writeFileSync(join(folder, '001/003'), '');
    mkdirSync(join(folder, '004'));
    await isQuiet();
    expect(heard).toBe(told);
  });

  test('many changes leave no watcher behind', async () => {
    const before = watchedInodes();
    start(folder);
    for (let times = 0; times < 50; times++) {
      await isHeard(() => mkdirSync(join(folder, `${times}`)));
      await isHeard(() => rmSync(join(folder, `${times}`), { recursive: true }));
    }
    await isQuiet();
    watch?.[Symbol.dispose]();
    expect(watchedInodes()).toBe(before);
  });

  test('comes twice without harm', () => {
    start(join(folder, 'not/there'));
    watch?.[Symbol.dispose]();
    watch?.[Symbol.dispose]();
  });
});
