import type { HolderProcess } from '../../diag/index.js';
import type { HostFiles } from './host-files.js';

/** A device node, as programs open it. */
export interface NodeName {
  /** Below /dev: `bus/usb/001/005`, `ttyUSB0`. */
  readonly name: string;
  /** As in `HostFiles.device`; if it is undefined, only the name is compared. */
  readonly device: string | undefined;
}

/** The result of one walk over all processes. */
export interface ProcessWalk {
  /** By the node's name below /dev, ordered by pid. */
  readonly holders: ReadonlyMap<string, readonly HolderProcess[]>;
  /** By socket inode: the processes that have it open. */
  readonly sockets: ReadonlyMap<string, HolderProcess>;
}

/**
 * Walks once over the open files of all processes: /proc/PID/fd/*. Only root sees the files of other users' processes. Processes that are
 * not visible are skipped.
 *
 * @param wanted - nodes, and inodes of sockets
 */
export function walkProcesses(
  files: HostFiles,
  wanted: { readonly nodes: readonly NodeName[]; readonly sockets: ReadonlySet<string> },
): ProcessWalk {
  const nodes = new Map(wanted.nodes.map((node) => [node.name, node]));
  const holders = new Map<string, HolderProcess[]>();
  const sockets = new Map<string, HolderProcess>();
  if (nodes.size + wanted.sockets.size === 0) return { holders, sockets };
  for (const pid of pidsOf(files)) {
    for (const fd of files.list(`/proc/${pid}/fd`) ?? []) {
      const link = files.link(`/proc/${pid}/fd/${fd}`) ?? '';
      const inode = link.startsWith('socket:[') ? link.slice(8, -1) : undefined;
      if (inode !== undefined) {
        if (wanted.sockets.has(inode)) sockets.set(inode, processOf(files, pid));
        continue;
      }
      const node = nodes.get(nodeName(link) ?? '');
      if (node === undefined || !isThatNode(files, `/proc/${pid}/fd/${fd}`, node)) continue;
      const known = holders.get(node.name) ?? [];
      if (known.at(-1)?.pid !== pid) holders.set(node.name, [...known, processOf(files, pid)]);
    }
  }
  return { holders, sockets };
}

/** Compares the device itself, because any user may have a file of that name in a folder called `dev`. */
function isThatNode(files: HostFiles, fd: string, node: NodeName): boolean {
  return node.device === undefined || files.device(fd) === node.device;
}

/** @returns the name below /dev, even of a /dev elsewhere: `/jail/dev/ttyUSB0` */
function nodeName(link: string): string | undefined {
  const at = link.lastIndexOf('/dev/');
  return at < 0 ? undefined : link.slice(at + 5);
}

/** @returns the ids of all processes, ascending */
export function pidsOf(files: HostFiles): readonly number[] {
  const names = files.list('/proc') ?? [];
  return names
    .filter((name) => /^[1-9]\d*$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** @returns the name and pid of a process; for a QEMU also its VM */
export function processOf(files: HostFiles, pid: number): HolderProcess {
  const name = files.text(`/proc/${pid}/comm`)?.replace(/\n$/, '') ?? 'unknown';
  if (!/^(qemu|kvm)/.test(name)) return { pid, name };
  const args = files.text(`/proc/${pid}/cmdline`)?.split('\0') ?? [];
  const vm = vmName(args);
  if (vm === undefined) return { pid, name };
  return { pid, name, vm, libvirt: args.some((arg) => /\/libvirt\/qemu\//.test(arg)) };
}

/**
 * The name of a QEMU's VM: `-name guest=win10,debug-threads=on`, as libvirt writes it, or `-name bench`. A comma in the name is doubled
 * (util/qemu-option.c, get_opt_value).
 */
function vmName(args: readonly string[]): string | undefined {
  const at = args.findLastIndex((arg) => arg === '-name' || arg === '--name');
  const value = at < 0 ? undefined : args[at + 1];
  if (value === undefined) return undefined;
  const options = [...value.matchAll(/(?:[^,]|,,)+/g)].map(([option]) => option.replaceAll(',,', ','));
  const [first = ''] = options;
  const guest = options.findLast((option) => option.startsWith('guest='))?.slice(6);
  const name = guest ?? (first.includes('=') ? undefined : first);
  return name === '' ? undefined : name;
}
