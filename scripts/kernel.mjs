// The Debian kernel that the lab boots: unpacked into the cache, never installed.
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { run, updateLists } from './apt.mjs';
import { labCache } from './folders.mjs';

/**
 * The kernels in the cache. A folder gets its name only when it is complete.
 *
 * @returns {{folder: string, release: string}[]} newest last
 */
function cached() {
  if (!existsSync(labCache)) return [];
  return readdirSync(labCache)
    .filter((name) => name.startsWith('kernel-'))
    .sort(new Intl.Collator('en', { numeric: true }).compare)
    .map((name) => ({ folder: join(labCache, name), release: name.slice('kernel-'.length) }));
}

/** The package of the newest ordinary kernel (`linux-image-6.1.0-…-amd64`; the cloud kernel has no USB). */
function packageName() {
  const ask = () => {
    try {
      return /Depends: (linux-image-\d\S+)/.exec(run(['apt-cache', 'depends', 'linux-image-amd64']))?.[1];
    } catch {
      return undefined; // apt-cache says "No packages found" when there are no lists yet
    }
  };
  const known = ask();
  if (known) return known;
  updateLists();
  const found = ask();
  if (!found) throw new Error('apt knows no package linux-image-amd64: is this a Debian on x86-64?');
  return found;
}

/** How Debian packs its kernels: 12 with xz, 13 with zstd. `magic`: the first bytes, in hexadecimal. */
const UNPACKERS = [
  { magic: 'fd377a585a00', command: ['xz', '-dc', '--single-stream'] },
  { magic: '28b52ffd', command: ['zstd', '-dc', '--long=31'] },
];

/**
 * Takes the kernel out of its compressed image. An emulated processor needs three seconds to do that at each boot; QEMU
 * starts the plain ELF file as well, by its PVH entry. Offsets: the kernel's Documentation/arch/x86/boot.rst.
 *
 * @param {string} image - vmlinuz
 * @param {string} target - vmlinux
 */
function unpackImage(image, target) {
  const bytes = readFileSync(image);
  const setupSectors = bytes.readUInt8(0x1f1) + 1;
  const start = setupSectors * 512 + bytes.readUInt32LE(0x248);
  // the last four bytes are its unpacked length
  const payload = bytes.subarray(start, start + bytes.readUInt32LE(0x24c) - 4);
  const unpacker = UNPACKERS.find(({ magic }) => payload.toString('hex', 0, 8).startsWith(magic));
  if (!unpacker) throw new Error(`${image} is packed neither with xz nor with zstd`);
  const packed = `${target}.packed`;
  writeFileSync(packed, payload);
  const input = openSync(packed, 'r');
  try {
    const [program, ...args] = unpacker.command;
    writeFileSync(target, execFileSync(program, args, { stdio: [input, 'pipe', 'inherit'], maxBuffer: 1 << 30 }));
  } finally {
    closeSync(input);
    rmSync(packed);
  }
}

/**
 * A kernel with its modules in `.cache/lab/kernel-RELEASE`; fetches it when there is none.
 *
 * @param {(line: string) => void} say
 * @returns {{folder: string, release: string}}
 */
export function ensureKernel(say) {
  const have = cached().at(-1);
  if (have) return have;
  const name = packageName();
  say(`fetching and unpacking the kernel of the lab (${name}, about 70 MB; nothing is installed)`);
  mkdirSync(labCache, { recursive: true });
  const work = mkdtempSync(join(labCache, 'unpacking-'));
  try {
    const download = ['apt-get', '-qq', '-o', 'APT::Sandbox::User=root', 'download', name];
    try {
      run(download, { cwd: work });
    } catch {
      updateLists(); // old lists name a version that the archive has replaced
      run(download, { cwd: work });
    }
    const deb = readdirSync(work).find((file) => file.endsWith('.deb'));
    if (!deb) throw new Error(`apt-get download ${name} left no package behind`);
    const tree = join(work, 'tree');
    run(['dpkg', '-x', join(work, deb), tree]);
    // Debian 13 has them in the folder that /lib, a link, leads to
    if (!existsSync(join(tree, 'lib'))) symlinkSync('usr/lib', join(tree, 'lib'));
    const [release] = readdirSync(join(tree, 'lib/modules'));
    if (!release || !existsSync(join(tree, `boot/vmlinuz-${release}`))) throw new Error(`${name} holds no kernel`);
    run(['/sbin/depmod', '-b', tree, release]);
    unpackImage(join(tree, `boot/vmlinuz-${release}`), join(tree, 'boot/vmlinux'));
    const folder = join(labCache, `kernel-${release}`);
    if (!existsSync(folder)) renameSync(tree, folder);
    return { folder, release };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
