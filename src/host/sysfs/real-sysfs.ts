import { accessSync, constants, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { throwIfShort } from '../../base/index.js';
import type { NodeAccess } from '../usb-device.js';
import type { SysfsReader } from './sysfs-reader.js';

/** The errors for a device that is unplugged while it is read. */
const GONE: ReadonlySet<string> = new Set(['ENOENT', 'ENODEV', 'ENXIO', 'ENOTDIR', 'ESHUTDOWN']);

function unlessGone<T>(attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch (error) {
    if (GONE.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/**
 * Reads this host.
 *
 * @param roots - where sysfs and /dev are, for a host seen from a container (`/host/sys`); default `/sys` and `/dev`
 */
export function realSysfs(roots: { sys?: string; dev?: string } = {}): SysfsReader {
  const sysRoot = roots.sys ?? '/sys';
  const devRoot = roots.dev ?? '/dev';
  return {
    sysRoot,
    devRoot,
    list: (path) => unlessGone(() => readdirSync(`${sysRoot}/${path}`)),
    bytes: (path) => unlessGone(() => readFileSync(`${sysRoot}/${path}`)),
    text: (path) => unlessGone(() => readFileSync(`${sysRoot}/${path}`, 'utf8')),
    link: (path) => readLink(`${sysRoot}/${path}`),
    access: (node) => nodeAccess(`${devRoot}/${node}`),
  };
}

/** Calls lstat(2) first: a missing link is ordinary, and an exception costs more than the call. */
function readLink(path: string): string | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true ? readlinkSync(path) : undefined;
  } catch (error) {
    throwIfShort(error);
    return undefined;
  }
}

/** Uses access(2) with R_OK | W_OK, which for root allows everything that exists. */
function nodeAccess(path: string): NodeAccess {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return 'usable';
  } catch (error) {
    throwIfShort(error);
    return GONE.has((error as NodeJS.ErrnoException).code ?? '') ? 'missing' : 'denied';
  }
}
