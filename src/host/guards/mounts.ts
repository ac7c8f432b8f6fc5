import type { HolderProcess } from '../../diag/index.js';
import { pidsOf, processOf } from './holders.js';
import type { HostFiles } from './host-files.js';
import { unescapeOctal } from './octal.js';

/** One line of a mountinfo (proc(5)). Strings are raw, with their octal escapes decoded. */
export interface Mount {
  /** `8:17`; `0:52` where the file system has several devices, or none. */
  readonly number: string;
  readonly at: string;
  readonly type: string;
  /** Paths of devices that the line names: its source, and options of the file system such as `logdev=`. */
  readonly devices: readonly string[];
  /** Undefined for our own mount namespace, otherwise a process of the other namespace. */
  readonly inside: HolderProcess | undefined;
}

/**
 * All mounts of this process's mount namespace and of every other one, each read through one process in it. Only root may look into
 * namespaces of other users. A mount that several namespaces have is listed once.
 */
export function readMounts(files: HostFiles): readonly Mount[] {
  const own = parseMountInfo(files.text('/proc/self/mountinfo') ?? '', undefined);
  const seen = new Set([files.link('/proc/self/ns/mnt')]);
  const known = new Set(own.map(({ number }) => number));
  const others: Mount[] = [];
  for (const pid of pidsOf(files)) {
    const namespace = files.link(`/proc/${pid}/ns/mnt`);
    if (namespace === undefined || seen.has(namespace)) continue;
    seen.add(namespace);
    const text = files.text(`/proc/${pid}/mountinfo`) ?? '';
    const news = parseMountInfo(text, processOf(files, pid)).filter(({ number }) => !known.has(number));
    others.push(...news);
    for (const { number } of news) known.add(number);
  }
  return [...own, ...others];
}

/** Skips lines that do not have the right form; the kernel writes none. */
function parseMountInfo(text: string, inside: HolderProcess | undefined): Mount[] {
  return text.split('\n').flatMap((line): Mount[] => {
    const fields = line.split(' ');
    const [, , number, , at] = fields;
    const dash = fields.indexOf('-', 6);
    if (number === undefined || at === undefined || dash < 0) return [];
    const [type = '', source = '', options = ''] = fields.slice(dash + 1);
    // bcachefs joins its devices with colons; xfs and ext4 name further devices in options
    const named = [...source.split(':'), ...options.split(',').map((option) => option.slice(option.indexOf('=') + 1))];
    const devices = named.filter((path) => path.startsWith('/dev/')).map(unescapeOctal);
    return [{ number, at: unescapeOctal(at), type, devices, inside }];
  });
}

/** A block device, and those that share its file system, by number (`8:17`) and by path. */
export interface MountKey {
  readonly numbers: ReadonlySet<string>;
  readonly paths: ReadonlySet<string>;
}

/** @returns the mounts of the file system on a block device */
export function mountsOn(mounts: readonly Mount[], { numbers, paths }: MountKey, files: HostFiles): readonly Mount[] {
  return mounts.filter(
    (mount) =>
      numbers.has(mount.number) ||
      mount.devices.some((path) => paths.has(path) || numbers.has(files.device(path)?.replace(/^block /, '') ?? '')),
  );
}
