import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writePicture } from '../../../../../src/cli/handlers/shared/write-picture.js';
import { QplugError } from '../../../../../src/diag/index.js';
import { schemaErrors } from '../../../view/documents/schemas.js';
import { documentOf, qplug } from '../../fake-terminal.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'picture-'));
  writeFileSync(join(folder, 'vm.yaml'), 'name: small\nmachine: q35\nusb:\n  devices:\n    - { emulated: usb-kbd }\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

const env = { PATH: '/nowhere', QPLUG_RUNTIME_DIR: '/nowhere' };
const planned = (...more: string[]): string[] => ['plan', join(folder, 'vm.yaml'), '--offline', ...more];

async function problemOf(path: string): Promise<unknown> {
  try {
    await writePicture(path, '<svg/>');
  } catch (error) {
    if (error instanceof QplugError) return error.findings[0]?.evidence;
    throw error;
  }
  return undefined;
}

describe('a picture in a file', () => {
  test('is whole, and alone in its folder', async () => {
    await writePicture(join(folder, 'new.svg'), '<svg/>');
    expect(readFileSync(join(folder, 'new.svg'), 'utf8')).toBe('<svg/>');
    expect(readdirSync(folder).sort()).toEqual(['new.svg', 'vm.yaml']);
  });

  test('takes the place of an older one, with its rights, and where a link leads', async () => {
    writeFileSync(join(folder, 'old.svg'), 'old');
    chmodSync(join(folder, 'old.svg'), 0o640);
    symlinkSync('old.svg', join(folder, 'link.svg'));
    const before = statSync(join(folder, 'old.svg')).ino;
    await writePicture(join(folder, 'link.svg'), '<svg/>');
    expect(lstatSync(join(folder, 'link.svg')).isSymbolicLink()).toBe(true);
    const after = statSync(join(folder, 'old.svg'));
    expect(readFileSync(join(folder, 'old.svg'), 'utf8')).toBe('<svg/>');
    expect(after.mode & 0o777).toBe(0o640);
    // renamed, not written over: who reads the old one reads it to its end
    expect(after.ino).not.toBe(before);
  });

  test('is not written through a link that somebody else may have made, wherever on the way it is', async () => {
    const victims = join(folder, 'victims');
    mkdirSync(victims);
    writeFileSync(join(victims, 'precious.svg'), 'precious', { mode: 0o600 });
    const open = join(folder, 'open');
    mkdirSync(open);
    symlinkSync(join(victims, 'precious.svg'), join(open, 'out.svg'));
    symlinkSync(victims, join(open, 'way'));
    symlinkSync(join(victims, 'new.svg'), join(open, 'dangling.svg'));
    mkdirSync(join(open, 'deep'));
    chmodSync(open, 0o777);
    for (const path of ['out.svg', 'way/precious.svg', 'way/new.svg', 'dangling.svg', 'deep/../way/precious.svg']) {
      expect([path, await problemOf(join(open, path))]).toMatchObject([path, { problem: 'others' }]);
    }
    expect(readdirSync(victims)).toEqual(['precious.svg']);
    expect(readFileSync(join(victims, 'precious.svg'), 'utf8')).toBe('precious');
    // what is no link is theirs to lose, and a hard link of somebody's file is one name less of it
    linkSync(join(victims, 'precious.svg'), join(open, 'hard.svg'));
    await writePicture(join(open, 'hard.svg'), '<svg/>');
    expect([readFileSync(join(open, 'hard.svg'), 'utf8'), statSync(join(open, 'hard.svg')).mode & 0o777]).toEqual([
      '<svg/>',
      0o600,
    ]);
    expect(readFileSync(join(victims, 'precious.svg'), 'utf8')).toBe('precious');
    expect(readdirSync(open).sort()).toEqual(['dangling.svg', 'deep', 'hard.svg', 'out.svg', 'way']);
  });

  test('in a folder like /tmp: links of our own are followed, those and files of others are not', async () => {
    const shared = join(folder, 'shared');
    mkdirSync(shared);
    chmodSync(shared, 0o1777);
    symlinkSync(join(folder, 'target.svg'), join(shared, 'mine.svg'));
    writeFileSync(join(folder, 'target.svg'), 'old');
    await writePicture(join(shared, 'mine.svg'), '<svg/>');
    expect(readFileSync(join(folder, 'target.svg'), 'utf8')).toBe('<svg/>');
    // whoever is not root can make nothing that is another's; the kernel keeps to the same rule for them
    if (process.getuid?.() !== 0) return;
    symlinkSync(join(folder, 'target.svg'), join(shared, 'theirs.svg'));
    lchownSync(join(shared, 'theirs.svg'), 65534, 65534);
    writeFileSync(join(shared, 'file.svg'), 'theirs');
    chownSync(join(shared, 'file.svg'), 65534, 65534);
    for (const name of ['theirs.svg', 'file.svg']) {
      expect([name, await problemOf(join(shared, name))]).toMatchObject([name, { problem: 'others' }]);
    }
  });

  test('what a process has open is no place for it', async () => {
    const file = openSync(join(folder, 'open.svg'), 'w');
    expect(await problemOf(`/proc/self/fd/${file}`)).toMatchObject({ problem: 'others' });
    expect(await problemOf(`/dev/fd/${file}`)).toMatchObject({ problem: 'others' });
    closeSync(file);
    await writePicture(`/proc/self/root${folder}/through.svg`, '<svg/>');
    expect(readFileSync(join(folder, 'through.svg'), 'utf8')).toBe('<svg/>');
  });

  test('is refused where something else would be lost, and that is still there', async () => {
    mkdirSync(join(folder, 'sub'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    symlinkSync('nothing', join(folder, 'dangling'));
    expect(await problemOf(join(folder, 'sub'))).toMatchObject({ problem: 'folder' });
    expect(await problemOf(`${join(folder, 'new')}/`)).toMatchObject({ problem: 'folder' });
    expect(await problemOf(join(folder, 'pipe'))).toMatchObject({ problem: 'not-a-file' });
    expect(await problemOf('/dev/null')).toMatchObject({ problem: 'not-a-file' });
    expect(await problemOf(join(folder, 'dangling'))).toMatchObject({ problem: 'dangling-link' });
    expect(await problemOf(join(folder, 'no/picture.svg'))).toMatchObject({ problem: 'no-folder' });
    expect(await problemOf(join(folder, 'vm.yaml/picture.svg'))).toMatchObject({
      problem: 'system',
      reason: 'ENOTDIR: not a directory',
    });
    expect(await problemOf(join(folder, `${'x'.repeat(300)}.svg`))).toMatchObject({
      problem: 'system',
      reason: 'ENAMETOOLONG: name too long',
    });
    expect(lstatSync(join(folder, 'pipe')).isFIFO()).toBe(true);
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(['dangling', 'pipe', 'sub', 'vm.yaml']);
  });
});

test('a disk that is full leaves the older picture, and no half of the new one', async () => {
  const path = join(folder, 'old.svg');
  writeFileSync(path, 'old');
  const bundled = join(folder, 'write.mjs');
  const source = join(import.meta.dirname, '../../../../../src/cli/handlers/shared/write-picture.ts');
  const code = `import { writePicture } from ${JSON.stringify(source)};
    await writePicture(process.argv[2], 'x'.repeat(100_000)).catch((error) => {
      process.stdout.write(JSON.stringify(error.findings[0].evidence));
    });`;
  const stdin = { contents: code, resolveDir: folder };
  await build({ stdin, bundle: true, platform: 'node', format: 'esm', target: 'node20.19', outfile: bundled });
  // no file may be larger than one block of 512 or 1024 bytes
  const shell = ['-c', 'ulimit -f 1; exec "$0" "$@"', process.execPath, bundled, path];
  const told = execFileSync('/bin/sh', shell, { encoding: 'utf8' });
  expect(JSON.parse(told)).toEqual({ path, problem: 'system', reason: 'EFBIG: file too large' });
  expect(readFileSync(path, 'utf8')).toBe('old');
  expect(readdirSync(folder).sort()).toEqual(['old.svg', 'vm.yaml', 'write.mjs']);
});

describe('--svg', () => {
  test('writes the picture, and the text comes as usual', async () => {
    const path = join(folder, 'vm.svg');
    const drawn = await qplug(planned('--svg', path), { env });
    expect(drawn).toEqual(await qplug(planned(), { env }));
    expect(readFileSync(path, 'utf8')).toMatch(/^<svg .*<\/svg>\n$/s);
  });

  test('and --json: the document comes as usual', async () => {
    const path = join(folder, 'vm.svg');
    expect(await documentOf(planned('--svg', path), { env })).toEqual(await documentOf(planned(), { env }));
    expect(readFileSync(path, 'utf8')).toMatch(/^<svg /);
  });

  test('- is the picture alone, the same as in a file', async () => {
    await qplug(planned('--svg', join(folder, 'vm.svg')), { env });
    const { exit, out, err } = await qplug(planned('--svg', '-'), { env });
    expect(exit).toBe(0);
    expect(out).toBe(readFileSync(join(folder, 'vm.svg'), 'utf8'));
    expect(err).toMatch(/^warning: there is no program/);
  });

  test.each(['plan', 'status'])('- and --json of %s are two documents on one stdout: wrong usage', async (command) => {
    const document = await documentOf([command, join(folder, 'vm.yaml'), '--svg', '-'], { env });
    expect(document).toMatchObject({ code: 'svg-and-json', exit: 2 });
    expect(schemaErrors(document)).toEqual([]);
  });

  test('where it can not be written, the command fails and says what to type', async () => {
    const { exit, out, err } = await qplug(planned('--svg', folder), { env });
    expect(exit).toBe(1);
    expect(out).toBe('');
    expect(err).toContain(`can't write the picture to "${folder}": it is a folder\n  fix  --svg ${folder}/picture.svg`);
    const document = await documentOf(planned('--svg', `${folder}/a/b.svg`), { env });
    expect(document).toMatchObject({
      code: 'picture-unwritable',
      exit: 1,
      findings: [{ fix: `mkdir -p ${folder}/a` }],
    });
    expect(schemaErrors(document)).toEqual([]);
  });
});
