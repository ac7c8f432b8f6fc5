import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { identifyProcess, isSameProcess, readPlainFile, rightsOf, throwIfShort } from '../../base/index.js';
import { readArguments } from '../arguments/index.js';
import type { Namespaces, QemuProcess } from '../qemu-process.js';
import { containerOf } from './container-of.js';
import { launcherOf } from './launcher-of.js';
import { programOf } from './program-of.js';

/** Bytes of a command line, a cgroup file, and a file of `-readconfig` that are read. */
const COMMAND_LINE_BYTES = 1024 * 1024;
const CGROUP_BYTES = 64 * 1024;
const CONFIG_BYTES = 256 * 1024;

/** @returns the QEMUs of this host in this PID namespace and those below it, in order of pid, as far as this user may see them */
export function runningQemus(): QemuProcess[] {
  const pids = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
  return pids.sort((a, b) => a - b).flatMap((pid) => qemuAt(pid) ?? []);
}

/**
 * @param pid - of any process
 * @param options - `isKnown`: a record of this user says that it is a QEMU, whatever its program is called
 * @returns the QEMU with this pid; undefined if there is no such process, it is no QEMU, or it ends meanwhile
 * @throws the system's error about a shortage of descriptors or memory
 */
export function qemuAt(pid: number, options: { readonly isKnown?: boolean } = {}): QemuProcess | undefined {
  const isKnown = options.isKnown === true;
  const program = programAt(pid, isKnown);
  if (program === undefined) return undefined;
  const process = identifyProcess(pid);
  const rights = rightsOf(pid);
  const argv = commandLineOf(pid);
  if (process === undefined || rights === undefined || argv === undefined) return undefined;
  const { name, machine, monitors } = readArguments(argv, (path) => configOf(pid, path));
  const container = containerOf(textOf(`/proc/${pid}/cgroup`, CGROUP_BYTES) ?? '');
  const found: QemuProcess = {
    process,
    uid: rights.uids[0] ?? 0,
    program: program.name,
    name,
    machine,
    monitors,
    launcher: launcherOf({ argv, monitors, container }),
    container,
    namespaces: namespacesOf(pid),
    ...(program.isHint ? { isHint: true } : {}),
  };
  // all that was read belongs to this one process, which runs that program still
  const now = identifyProcess(pid);
  const still = programAt(pid, isKnown);
  const isSame = still?.name === program.name && still.isHint === program.isHint;
  return isSame && now !== undefined && isSameProcess(now, process) ? found : undefined;
}

interface Program {
  readonly name: string;
  readonly isHint: boolean;
}

/** @returns the base name of a process's program, if that is a QEMU, or known to be one */
function programAt(pid: number, isKnown: boolean): Program | undefined {
  let link: string;
  try {
    link = readlinkSync(`/proc/${pid}/exe`);
  } catch (error) {
    throwIfShort(error);
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EACCES' || code === 'EPERM' ? hintedProgramAt(pid) : undefined;
  }
  const name = programOf(link) ?? (isKnown ? link.slice(link.lastIndexOf('/') + 1) : undefined);
  return name === undefined ? undefined : { name, isHint: false };
}

/** The process belongs to another user: only its arguments can be read, and they may say anything. */
function hintedProgramAt(pid: number): Program | undefined {
  const [first, ...rest] = commandLineOf(pid) ?? [];
  const name = first === undefined ? undefined : programOf(first);
  return name !== undefined && rest.some((word) => word.startsWith('-')) ? { name, isHint: true } : undefined;
}

/** @returns the words of a process's command line; one that is too long ends with its last whole word */
function commandLineOf(pid: number): string[] | undefined {
  const bytes = bytesOf(`/proc/${pid}/cmdline`, COMMAND_LINE_BYTES);
  if (bytes === undefined || bytes.length === 0) return undefined;
  const words = bytes.subarray(0, COMMAND_LINE_BYTES).toString('utf8').split('\0');
  // a process may have written over the NUL that ends its last word (proc(5))
  return bytes.at(-1) === 0 || bytes.length > COMMAND_LINE_BYTES ? words.slice(0, -1) : words;
}

function namespacesOf(pid: number): Namespaces {
  const inode = (kind: string): number | undefined => {
    const [, number] = /^\w+:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/ns/${kind}`) ?? '') ?? [];
    return number === undefined ? undefined : Number(number);
  };
  return { mount: inode('mnt'), network: inode('net'), pid: inode('pid'), user: inode('user') };
}

/** Reads a file that the arguments of a process name, as that process sees it: another root can't lead out of itself by a link. */
function configOf(pid: number, path: string): string | undefined {
  const from = path.startsWith('/') ? `/proc/${pid}/root` : `/proc/${pid}/cwd`;
  const steps = path.split('/').filter((step) => step !== '' && step !== '.');
  if (!sharesRoot(pid)) {
    if (steps.includes('..')) return undefined;
    let place = from;
    for (const step of steps) {
      place += `/${step}`;
      if (isLink(place)) return undefined;
    }
  }
  return textOf([from, ...steps].join('/'), CONFIG_BYTES);
}

function sharesRoot(pid: number): boolean {
  const mine = linkOf('/proc/self/ns/mnt');
  return mine !== undefined && mine === linkOf(`/proc/${pid}/ns/mnt`) && linkOf(`/proc/${pid}/root`) === '/';
}

/** Also true for what can't be looked at. */
function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch (error) {
    throwIfShort(error);
    return true;
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    throwIfShort(error);
    return undefined;
  }
}

/** @returns the first `limit` bytes of a file; undefined if it is not there or not readable */
function textOf(path: string, limit: number): string | undefined {
  return bytesOf(path, limit)?.subarray(0, limit).toString('utf8');
}

/** @returns one byte more than `limit` of a longer file */
function bytesOf(path: string, limit: number): Buffer | undefined {
  try {
    return readPlainFile(path, limit);
  } catch (error) {
    throwIfShort(error);
    return undefined;
  }
}
