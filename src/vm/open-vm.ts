import { type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Deadline, isSameProcess, type ProcessIdentity, peerOf, socketFileOf, throwIfShort } from '../base/index.js';
import { loadVmFile, type VmFile } from '../config/index.js';
import { fail, nearest } from '../diag/index.js';
import { QemuLog } from '../launcher/index.js';
import { connect, QmpConnectError, type QmpConnection } from '../qmp/index.js';
import { lives, type VmRecord } from '../registry/index.js';
import { checkSelector } from './check-selector.js';
import type { HostAccess } from './host-access.js';

/** ms until a client that was turned away comes again. */
const COME_AGAIN = 100;

/** A VM as a person named it, before it was talked to. */
export interface VmTarget {
  /** For messages: the VM's name, or the socket's path. */
  readonly name: string;
  /** The monitor to use. */
  readonly socket: string;
  /** What qplug remembers, when it launched it. */
  readonly record: VmRecord | undefined;
  /** QEMU, where the kernel tells who is at the other end of the connection; known of an adopted VM once it was opened. */
  readonly process?: ProcessIdentity | undefined;
  /** Device and inode of the socket of an adopted VM. */
  readonly socketFile?: string | undefined;
}

/** A VM whose monitor we hold. Dispose of it soon: a QMP socket serves one client at a time. */
export interface OpenVm extends VmTarget, AsyncDisposable {
  readonly qmp: QmpConnection;
}

/** @returns what a path is of, links followed; `none` also where that can't be seen */
export function kindOfFile(path: string): 'socket' | 'file' | 'other' | 'none' {
  let stat: Stats | undefined;
  try {
    stat = statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throwIfShort(error);
    // no path at all, or in a folder that is closed to us: whoever opens it says so
  }
  if (stat === undefined) return 'none';
  return stat.isSocket() ? 'socket' : stat.isFile() ? 'file' : 'other';
}

/** @returns whether a word names a VM file rather than a VM, or a socket */
export function isVmFile(word: string): boolean {
  return (word.includes('/') || /\.(ya?ml|json)$/i.test(word)) && kindOfFile(word) === 'file';
}

/** @returns whether two paths are of one file, links followed; false where either is not there */
export function isSameFile(one: string, other: string): boolean {
  try {
    const [a, b] = [statSync(one), statSync(other)];
    return a.dev === b.dev && a.ino === b.ino;
  } catch (error) {
    throwIfShort(error);
    return false;
  }
}

/** @returns whether there is a file, as opposed to a folder, a socket or nothing */
export function isThere(path: string): boolean {
  return kindOfFile(path) === 'file';
}

/**
 * Finds the VM that a word means: a name, a VM file, or the path of a QMP socket (anything with a `/` that is no VM file).
 *
 * @throws QplugError `vm-not-found`
 */
export async function findVm(word: string, host: HostAccess): Promise<VmTarget> {
  if (isVmFile(word)) return known((await loadVmFile(word, { checkSelector })).name, word, host);
  if (!word.includes('/')) return known(word, word, host);
  const record = recordOfSocket(word, host);
  if (record !== undefined) return { name: record.name, socket: word, record };
  return { name: word, socket: word, record, socketFile: socketFileOf(word) };
}

/** @returns the VM of qplug's that has this socket, by whichever path it is named: the file counts, and where none is there its path */
export function recordOfSocket(word: string, { registry }: HostAccess): VmRecord | undefined {
  const path = resolve(word);
  const file = socketFileOf(path);
  const isIt = (socket: string): boolean => socket === path || (file !== undefined && socketFileOf(socket) === file);
  return registry.list().find(({ record: { sockets } }) => isIt(sockets.qplug) || isIt(sockets.owner))?.record;
}

function known(name: string, word: string, host: HostAccess): VmTarget {
  const record = host.registry.read(name);
  if (record === undefined || !lives(record)) {
    const names = host.registry
      .list()
      .filter((one) => one.alive)
      .map((one) => one.record.name);
    throw fail('vm-not-found', { target: word, known: names, nearest: nearest(name, names) });
  }
  return { name, socket: record.sockets.qplug, record };
}

/**
 * Finds a VM and takes its monitor. Another qplug that holds it is waited for until the deadline.
 *
 * @param word - name, VM file or socket path
 * @param options - `timeout` ms for the connection
 * @throws QplugError `vm-not-found` · QmpConnectError
 */
export async function openVm(
  word: string,
  host: HostAccess,
  options: { readonly signal: AbortSignal; readonly timeout: number },
): Promise<OpenVm> {
  const target = await findVm(word, host);
  const qmp = await takeMonitor(target.socket, options);
  try {
    const known = await identify(target, qmp, host, options.signal);
    if (known.record !== undefined) keepLog(known.record);
    return { ...known, qmp, [Symbol.asyncDispose]: () => qmp.close() };
  } catch (error) {
    await qmp.close();
    throw error;
  }
}

/**
 * Finds out which VM answers at a socket that a person named. One of qplug's is known by its process where the path does not tell it: it
 * has its name, its file and its rules however it was reached.
 */
async function identify(
  target: VmTarget,
  { socket }: QmpConnection,
  { registry }: HostAccess,
  signal: AbortSignal,
): Promise<VmTarget> {
  if (target.record !== undefined || socket === undefined) return target;
  const process = await peerOf(socket, signal);
  const record =
    process &&
    registry.list().find(({ record: { qemu } }) => qemu !== undefined && isSameProcess(qemu, process))?.record;
  if (record !== undefined) return { name: record.name, socket: target.socket, record };
  // another socket may have come to stand there meanwhile
  const socketFile = socketFileOf(target.socket) === target.socketFile ? target.socketFile : undefined;
  return { ...target, process, socketFile };
}

/** Where its watcher was killed its log is kept up by whoever looks at it. */
function keepLog({ log }: VmRecord): void {
  using kept = new QemuLog(log);
  kept.drain();
}

/** One client waits in QEMU's queue; the kernel turns the next one away at once (listen(2), backlog 1), who then comes again. */
async function takeMonitor(
  path: string,
  { signal, timeout }: { readonly signal: AbortSignal; readonly timeout: number },
): Promise<QmpConnection> {
  using deadline = new Deadline(timeout, signal);
  for (;;) {
    try {
      return await connect({ path }, { signal, timeout: Math.max(1, Math.ceil(deadline.remaining)) });
    } catch (error) {
      const isBusy = error instanceof QmpConnectError && error.code === 'qmp-busy';
      if (!isBusy || deadline.remaining <= COME_AGAIN) throw error;
    }
    await delay(COME_AGAIN, undefined, { signal });
  }
}

/**
 * @returns the VM's file as it is now, or undefined when it was not launched from one, or it is gone
 * @throws QplugError with all that is wrong in it
 */
export async function fileOf({ record }: VmTarget): Promise<VmFile | undefined> {
  if (record === undefined || kindOfFile(record.file) !== 'file') return undefined;
  return loadVmFile(record.file, { checkSelector });
}
