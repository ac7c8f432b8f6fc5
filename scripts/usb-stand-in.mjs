// Builds the stand-in for libusb that the oracle's QEMUs load (test/oracle/stand-in), into the cache; it is never shipped.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePackages, run } from './apt.mjs';
import { cache, root } from './folders.mjs';

const sources = join(root, 'test/oracle/stand-in');
const home = join(cache, 'usb-stand-in');
/** The name that QEMU asks its dynamic linker for. */
const LIBRARY = 'libusb-1.0.so.0';

/** Without GNU's extensions the newer C libraries bind no name that the oldest QEMU's C library lacks. */
const FLAGS = [
  ...['-std=c11', '-D_DEFAULT_SOURCE', '-O1', '-g', '-fPIC', '-shared', '-fvisibility=hidden'],
  ...['-Wall', '-Wextra', '-Wconversion', '-Werror', '-Wl,-z,defs', `-Wl,-soname,${LIBRARY}`],
  '-I/usr/include/libusb-1.0',
];

/**
 * The folder with the library; builds it if the sources have changed since the last build.
 *
 * @param {(line: string) => void} say
 * @returns {string}
 * @throws {Error} with the compiler's words
 */
export function ensureStandIn(say) {
  const files = readdirSync(sources)
    .filter((file) => /\.[ch]$/.test(file))
    .sort();
  const hash = createHash('sha256').update(FLAGS.join(' '));
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(join(sources, file)));
  const folder = join(home, hash.digest('hex').slice(0, 16));
  if (existsSync(folder)) return folder;
  ensurePackages(['gcc', 'libc6-dev', 'libusb-1.0-0-dev'], say);
  say("building the stand-in for libusb below the oracle's QEMUs");
  mkdirSync(home, { recursive: true });
  const work = mkdtempSync(join(home, 'building-'));
  try {
    const parts = files.filter((file) => file.endsWith('.c')).map((file) => join(sources, file));
    run(['gcc', ...FLAGS, ...parts, '-o', join(work, LIBRARY)]);
    try {
      renameSync(work, folder);
    } catch (error) {
      if (!existsSync(folder)) throw error; // another process was faster
    }
    return folder;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
