import { readdirSync, readFileSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { throwIfShort } from '../../base/index.js';
import type { HostFiles } from './host-files.js';

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    throwIfShort(error);
    // the file is gone by now, or may not be read; guards treat both alike
    return undefined;
  }
}

/** Reads this host. All calls are synchronous, because procfs and sysfs answer from memory. */
export function realHostFiles(): HostFiles {
  return {
    list: (path) => attempt(() => readdirSync(path)),
    text: (path) => attempt(() => readFileSync(path, 'utf8')),
    bytes: (path) => attempt(() => readFileSync(path)),
    link: (path) => attempt(() => readlinkSync(path)),
    device: (path) => deviceOf(attempt(() => statSync(path, { throwIfNoEntry: false }))),
  };
}

/** Splits the number into major and minor as glibc does (sys/sysmacros.h). */
function deviceOf(stat: Stats | undefined): string | undefined {
  if (stat === undefined || !(stat.isBlockDevice() || stat.isCharacterDevice())) return undefined;
  const { rdev } = stat;
  const high = Math.floor(rdev / 2 ** 32);
  const major = ((rdev >>> 8) & 0xfff) + (high & 0xfffff000);
  const minor = (rdev & 0xff) + ((rdev >>> 12) & 0xfff00);
  return `${stat.isBlockDevice() ? 'block' : 'char'} ${major}:${minor}`;
}
