import { type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Deadline } from '../base/index.js';
import { loadVmFile, type VmFile } from '../config/index.js';
import { fail, nearest } from '../diag/index.js';
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
  } catch {
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
  } catch {
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
  const socket = resolve(word);
  const record = host.registry
    .list()
    .find(({ record: { sockets } }) => sockets.qplug === socket || sockets.owner === socket)?.record;
  return { name: record?.name ?? word, socket: word, record };
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
  return { ...target, qmp, [Symbol.asyncDispose]: () => qmp.close() };
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
