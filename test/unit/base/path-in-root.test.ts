import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { fileStamp, kindOfFile, knockAt, openInRoot, selfIdentity, socketFileOf } from '../../../src/base/index.js';
import { type OtherRoot, otherRoot } from '../../namespaces/other-root.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(path: string): Promise<void> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
}

const inodeOf = (path: string): number => lstatSync(path).ino;

describe.each(['pivot', 'chroot'] as const)('a path in a root made with %s', (how) => {
  let other: OtherRoot;
  let own: (path: string) => string;
  beforeAll(async () => {
    other = await otherRoot(how, { cwd: '/srv/deep' });
    own = (path) => join(other.folder, path);
    mkdirSync(own('run/vm'), { recursive: true });
    mkdirSync(own('etc'));
    writeFileSync(own('etc/shadow'), 'that of the container');
    writeFileSync(own('run/vm/file'), 'inside');
  });
  afterAll(async () => await other[Symbol.asyncDispose]());

  /** The inode that a path leads to. */
  const follow = (path: string): number => {
    using there = openInRoot(other.process, path);
    expect(statSync(there.path).ino).toBe(there.stat.ino);
    return there.stat.ino;
  };

  /** Makes a link, which must not be there yet. */
  const link = (name: string, target: string): string => {
    symlinkSync(target, own(name));
    return `/${name}`;
  };

  test('counts from that root', () => {
    const file = inodeOf(own('run/vm/file'));
    for (const path of ['/run/vm/file', '//run/./vm//file', '/../../run/vm/../vm/file', '/run/vm/../../../run/vm/file'])
      expect(follow(path), path).toBe(file);
    expect(follow('/')).toBe(inodeOf(other.folder));
    expect(follow('/../..')).toBe(inodeOf(other.folder));
    expect(follow('/run/vm/')).toBe(inodeOf(own('run/vm')));
  });

  test('counts from the working folder, if it is relative', () => {
    expect(follow('../../run/vm/file')).toBe(inodeOf(own('run/vm/file')));
    expect(follow('../../../../../run/vm/file')).toBe(inodeOf(own('run/vm/file')));
    expect(follow('.')).toBe(inodeOf(own('srv/deep')));
  });

  test('never leads to a file of the host, by whatever links', () => {
    const inside = inodeOf(own('etc/shadow'));
    const host = inodeOf('/etc/shadow');
    expect(follow(link('absolute', '/etc/shadow'))).toBe(inside);
    expect(follow(link('run/up', `${'../'.repeat(40)}etc/shadow`))).toBe(inside);
    expect(follow(`${link('run/folder', '/etc')}/shadow`)).toBe(inside);
    expect(follow(`${link('run/top', '../../../..')}/etc/shadow`)).toBe(inside);
    // the kernel itself would leave
    expect(statSync(`/proc/${other.process.pid}/root/absolute`).ino).toBe(host);
    writeFileSync(join(other.outside, 'secret'), 'of the host');
    expect(() => follow(link('run/secret', join(other.outside, 'secret')))).toThrow(/ENOENT/);
  });

  test('ends at a loop, and at too many links in a row', () => {
    link('loop-a', 'loop-b');
    expect(() => follow(link('loop-b', '/loop-a'))).toThrow(/ELOOP/);
    link('chain0', '/run/vm/file');
    for (let n = 1; n <= 41; n++) link(`chain${n}`, `chain${n - 1}`);
    expect(follow('/chain39')).toBe(inodeOf(own('run/vm/file')));
    expect(() => follow('/chain40')).toThrow(/ELOOP/);
  });

  test('has bounds', () => {
    expect(() => follow(`/${'x/'.repeat(2048)}`)).toThrow(/ENAMETOOLONG/);
    mkdirSync(own(`deep/${'d/'.repeat(200)}`), { recursive: true });
    expect(() => follow(`/deep/${'d/'.repeat(200)}`)).toThrow(/ENAMETOOLONG/);
    expect(() => follow('')).toThrow(/ENOENT/);
    expect(() => follow('/run/\0')).toThrow(/null bytes/);
  });

  test('says what is in the way', () => {
    expect(() => follow('/none/file')).toThrow(/ENOENT/);
    for (const path of ['/run/vm/file/', '/run/vm/file/..', '/run/vm/file/.', '/run/vm/file/x'])
      expect(() => follow(path), path).toThrow(/ENOTDIR/);
    expect(() => openInRoot({ ...other.process, startTime: 1 }, '/run')).toThrow(/ESRCH/);
    expect(() => openInRoot({ ...other.process, pid: 2 ** 22 + 1 }, '/run')).toThrow(/ESRCH/);
  });

  test('opens no fifo and no device, and waits for none', () => {
    execFileSync('mkfifo', [own('run/fifo')]);
    using fifo = openInRoot(other.process, '/run/fifo');
    expect(fifo.stat.isFIFO()).toBe(true);
  });

  test('stays with the file when folders are renamed, and a moved folder leads nowhere else', () => {
    mkdirSync(own('move/a/b'), { recursive: true });
    writeFileSync(own('move/a/b/file'), 'x');
    const file = inodeOf(own('move/a/b/file'));
    using folder = openInRoot(other.process, '/move/a/b');
    // out of the root: the kernel's `..` would be a folder of the host now
    renameSync(own('move/a/b'), join(other.outside, 'b'));
    writeFileSync(join(other.outside, 'secret'), 'of the host');
    using still = folder.at('file');
    expect(still.stat.ino).toBe(file);
    expect(() => folder.at('../secret')).toThrow(/ENOENT/);
    using above = folder.at('..');
    expect(above.stat.ino).toBe(inodeOf(own('move/a')));
    using far = folder.at('../../../../../../run/vm/file');
    expect(far.stat.ino).toBe(inodeOf(own('run/vm/file')));
  });

  test('leads nowhere else while somebody swaps folders and links', () => {
    mkdirSync(own('swap/real'), { recursive: true });
    for (const folder of [own('swap/real'), join(other.outside, 'swap')]) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'secret'), '');
    }
    const inside = inodeOf(own('swap/real/secret'));
    link('swap/link', join(other.outside, 'swap'));
    link('swap/at', 'real');
    const script = `const { renameSync, symlinkSync } = require('node:fs');
      process.chdir(process.argv[1]);
      for (let n = 0; ; n++) {
        symlinkSync(n % 2 ? process.argv[2] : 'real', 'new');
        renameSync('new', 'at');
        if (n % 3) continue;
        renameSync('real', 'away');
        renameSync('link', 'real');
        renameSync('real', 'link');
        renameSync('away', 'real');
      }`;
    const swapper = spawn(process.execPath, ['-e', script, own('swap'), join(other.outside, 'swap')]);
    try {
      let reached = 0;
      for (let tries = 0; tries < 3000 || reached < 100; tries++)
        try {
          expect(follow(tries % 2 ? '/swap/at/secret' : '/swap/real/../real/secret')).toBe(inside);
          reached += 1;
        } catch (error) {
          expect((error as NodeJS.ErrnoException).code).toMatch(/^(ENOENT|EINVAL|ENOTDIR)$/);
        }
    } finally {
      swapper.kill('SIGKILL');
    }
  });

  test('has a folder whose names lead no further than its root', () => {
    using run = openInRoot(other.process, '/run');
    using file = run.at('vm/file');
    expect(readFileSync(file.path, 'utf8')).toBe('inside');
    link('run/vm/out', '/etc/shadow');
    using shadow = run.at('vm/out');
    expect(shadow.stat.ino).toBe(inodeOf(own('etc/shadow')));
    expect(() => file.at('x')).toThrow(/ENOTDIR/);
  });

  test('leaves no descriptor behind', () => {
    const open = (): number => readdirSync('/proc/self/fd').length;
    const before = open();
    for (const path of ['/run/vm/file', '/none', '/loop-a', '/run/vm/file/x', '../deep', '/deep/d/d'])
      try {
        openInRoot(other.process, path)[Symbol.dispose]();
      } catch {
        // what is not there leaves none either
      }
    using folder = openInRoot(other.process, '/run/vm');
    folder.at('../vm/file')[Symbol.dispose]();
    folder[Symbol.dispose]();
    expect(open()).toBe(before);
  });

  test('is the way to a socket: by its file, and by who listens', async () => {
    await listen(own('run/vm/qmp.sock'));
    const far = `/proc/${other.process.pid}/root`;
    expect(socketFileOf(`${far}/run/vm/qmp.sock`)).toBe(socketFileOf(own('run/vm/qmp.sock')));
    expect(await knockAt(`${far}/run/vm/qmp.sock`)).toBe('listens');
    expect(await knockAt(`${far}${link('run/sock', '/run/vm/../vm/qmp.sock')}`)).toBe('listens');
    expect(await knockAt(`${far}/run/fifo`)).toBe('refused');
    expect(await knockAt(`${far}/none`)).toBe('unknown');
    expect(await knockAt(`/proc/${2 ** 22 + 1}/root/run`)).toBe('unknown');
    // a socket of the host, which the container only names
    await listen(join(other.outside, 'host.sock'));
    const host = link('run/host', join(other.outside, 'host.sock'));
    expect(existsSync(`${far}${host}`)).toBe(true);
    expect(socketFileOf(`${far}${host}`)).toBeUndefined();
    expect(kindOfFile(`${far}${host}`)).toBe('none');
    expect(fileStamp(`${far}${host}`)).toBeUndefined();
    expect(kindOfFile(`${far}/run/sock`)).toBe('socket');
    expect(await knockAt(`${far}${host}`)).toBe('unknown');
    // longer than a socket's address may be
    const long = `run/${'long/'.repeat(30)}`;
    mkdirSync(own(long), { recursive: true });
    renameSync(own('run/vm/qmp.sock'), own(`${long}s`));
    expect(await knockAt(`${far}/${long}s`)).toBe('listens');
    rmSync(own(`${long}s`));
  });
});

describe('magic links of a procfs', () => {
  test('are not followed: their text is not where they lead', async () => {
    await using other = await otherRoot('pivot');
    expect(readlinkSync(`/proc/${other.process.pid}/root/proc/1/root`)).toBe('/');
    for (const path of ['/proc/1/root', '/proc/1/root/etc', '/proc/1/cwd', '/proc/1/fd/1', '/proc/self', '/proc/1/exe'])
      expect(() => openInRoot(other.process, path), path).toThrow(/something that a process has open/);
    symlinkSync('/proc/1/root/etc', join(other.folder, 'around'));
    expect(() => openInRoot(other.process, '/around/passwd')).toThrow(/something that a process has open/);
    using status = openInRoot(other.process, '/proc/1/status');
    expect(readFileSync(status.path, 'latin1')).toMatch(/^Name:\tsleep$/m);
  });
});

describe('a working folder outside of the root', () => {
  test('leads nowhere', async () => {
    await using other = await otherRoot('chroot', { cwd: '/away' });
    writeFileSync(join(other.folder, 'away/file'), '');
    openInRoot(other.process, 'file')[Symbol.dispose]();
    renameSync(join(other.folder, 'away'), join(other.outside, 'away'));
    expect(() => openInRoot(other.process, 'file')).toThrow(/ENOENT/);
    using own = openInRoot(selfIdentity(), '/proc');
    expect(own.stat.isDirectory()).toBe(true);
  });
});
