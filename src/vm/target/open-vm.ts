import { setTimeout as delay } from 'node:timers/promises';
import { type HostAccess, monitorPath, type VmTarget } from '../../access/index.js';
import { Deadline, isSameProcess, socketFileOf } from '../../base/index.js';
import { fail } from '../../diag/index.js';
import { QemuLog } from '../../launcher/index.js';
import {
  type ConnectOptions,
  parseAddress,
  type QmpAddress,
  QmpConnectError,
  type QmpConnection,
} from '../../qmp/index.js';
import type { VmRecord } from '../../registry/index.js';
import { connectMonitor } from './connect-monitor.js';
import { findVm } from './find-vm.js';
import { processBehind } from './process-behind.js';

/** ms between two checks whether a share has taken the monitor. */
const SHARE_CHECK_INTERVAL = 250;

/** ms until a rejected client retries. */
const CONNECT_RETRY_INTERVAL = 100;

/** A VM with an open QMP connection. Dispose of it soon: a QMP socket serves one client at a time. */
export interface OpenVm extends VmTarget, AsyncDisposable {
  readonly qmp: QmpConnection;
}

/**
 * Finds a VM and connects to its monitor. If another client holds the monitor, waits for it until the deadline; if a share of this user takes it
 * meanwhile, connects to that.
 *
 * @param vm - a word for a VM, as `findVm` reads it, or the target that `findVm` found
 * @param options - `timeout` ms for the connection
 * @throws QplugError `vm-not-found` · QmpConnectError
 */
export async function openVm(
  vm: string | VmTarget,
  host: HostAccess,
  options: { readonly signal: AbortSignal; readonly timeout: number },
): Promise<OpenVm> {
  const target = typeof vm === 'string' ? await findVm(vm, host, options.signal) : vm;
  const { path, qmp } = await connectWherever(target.socket, host, options);
  try {
    const known = await identify(target, path, qmp, host, options.signal);
    if (known.record !== undefined) keepLog(known.record);
    return { ...known, qmp, [Symbol.asyncDispose]: () => qmp.close() };
  } catch (error) {
    await qmp.close();
    throw error;
  }
}

/** Connects to a monitor, or to the share that holds it, also if the share comes while this waits in QEMU's queue behind it. */
async function connectWherever(
  socket: string,
  host: HostAccess,
  { signal, timeout }: { readonly signal: AbortSignal; readonly timeout: number },
): Promise<{ readonly path: string; readonly qmp: QmpConnection }> {
  using deadline = new Deadline(timeout, signal);
  for (;;) {
    const path = monitorPath(socket, host);
    let hasMoved = false;
    using attempt = new Deadline(Number.POSITIVE_INFINITY, signal);
    const watch = setInterval(() => {
      hasMoved ||= isElsewhere(socket, path, host);
      if (hasMoved) attempt[Symbol.dispose]();
    }, SHARE_CHECK_INTERVAL);
    try {
      const options = { signal: attempt.signal, timeout: Math.max(1, deadline.remaining) };
      return { path, qmp: await takeMonitor(path, connectMonitor, options) };
    } catch (error) {
      if (!hasMoved || signal.aborted) throw error;
    } finally {
      clearInterval(watch);
    }
  }
}

/** Whether a share has taken the monitor since, or given it up; false if that can't be read now. */
function isElsewhere(socket: string, path: string, host: HostAccess): boolean {
  try {
    return monitorPath(socket, host) !== path;
  } catch {
    return false;
  }
}

/**
 * Identifies the VM at a socket that the user named. qplug recognizes its own VMs by their process if not by the path, so that the VM has
 * its name, file and rules whatever path leads to it. Behind a share, the VM is the one whose socket the share holds.
 *
 * @throws QplugError `socket-of-another-vm` if the user named a process or a container, and another process answers
 */
async function identify(
  target: VmTarget,
  path: string,
  qmp: QmpConnection,
  host: HostAccess,
  signal: AbortSignal,
): Promise<VmTarget> {
  if (target.record !== undefined || qmp.socket === undefined) return target;
  const { process, share } = await processBehind(qmp, path, host, signal);
  const { answerer: named, name, socket: at } = target;
  if (named !== undefined && process !== undefined && !isSameProcess(named, process))
    throw fail('socket-of-another-vm', { vm: name, socket: at, pid: named.pid });
  const record =
    process &&
    host.registry.list().find(({ record: { qemu } }) => qemu !== undefined && isSameProcess(qemu, process))?.record;
  if (record !== undefined) return { name: record.name, socket: target.socket, record };
  const { socket: own, file } = share?.qemu ?? { socket: target.socket, file: target.socketFile };
  // another socket may have replaced it in the meantime
  const socketFile = socketFileOf(own) === file ? file : undefined;
  return { ...target, socket: own, process, socketFile };
}

/** If a VM's watcher was killed, the next command that opens the VM copies its log. */
function keepLog({ log }: VmRecord): void {
  using kept = new QemuLog(log);
  kept.drain();
}

/** One client waits in QEMU's queue; the kernel rejects any further client immediately (listen(2), backlog 1); that client retries. */
export async function takeMonitor<T>(
  path: string,
  open: (address: QmpAddress, options: ConnectOptions) => Promise<T>,
  { signal, timeout }: { readonly signal: AbortSignal; readonly timeout: number },
): Promise<T> {
  using deadline = new Deadline(timeout, signal);
  for (;;) {
    try {
      return await open(parseAddress(path), {
        signal,
        turn: true,
        timeout: Math.max(1, Math.ceil(deadline.remaining)),
      });
    } catch (error) {
      const isBusy = error instanceof QmpConnectError && error.code === 'qmp-busy';
      if (!isBusy || deadline.remaining <= CONNECT_RETRY_INTERVAL) throw error;
    }
    await delay(CONNECT_RETRY_INTERVAL, undefined, { signal });
  }
}
