import { setTimeout as delay } from 'node:timers/promises';
import { answererOf, type HostAccess, monitorPath, type VmTarget } from '../../access/index.js';
import { Deadline, isSameProcess, socketFileOf } from '../../base/index.js';
import { QemuLog } from '../../launcher/index.js';
import { type ConnectOptions, connect, type QmpAddress, QmpConnectError, type QmpConnection } from '../../qmp/index.js';
import type { VmRecord } from '../../registry/index.js';
import { findVm } from './find-vm.js';

/** ms until a rejected client retries. */
const CONNECT_RETRY_INTERVAL = 100;

/** A VM with an open QMP connection. Dispose of it soon: a QMP socket serves one client at a time. */
export interface OpenVm extends VmTarget, AsyncDisposable {
  readonly qmp: QmpConnection;
}

/**
 * Finds a VM and connects to its monitor. If another client holds the monitor, waits for it until the deadline.
 *
 * @param vm - name, VM file or socket path, or the target that `findVm` found
 * @param options - `timeout` ms for the connection
 * @throws QplugError `vm-not-found` · QmpConnectError
 */
export async function openVm(
  vm: string | VmTarget,
  host: HostAccess,
  options: { readonly signal: AbortSignal; readonly timeout: number },
): Promise<OpenVm> {
  const target = typeof vm === 'string' ? await findVm(vm, host) : vm;
  const path = monitorPath(target.socket, host);
  const qmp = await takeMonitor(path, connect, options);
  try {
    const known = await identify(target, path, qmp, host, options.signal);
    if (known.record !== undefined) keepLog(known.record);
    return { ...known, qmp, [Symbol.asyncDispose]: () => qmp.close() };
  } catch (error) {
    await qmp.close();
    throw error;
  }
}

/**
 * Identifies the VM at a socket that the user named. qplug recognizes its own VMs by their process if not by the path, so that the VM has
 * its name, file and rules whatever path leads to it. Behind a share, the VM is the one whose socket the share holds.
 */
async function identify(
  target: VmTarget,
  path: string,
  { socket, shared }: QmpConnection,
  host: HostAccess,
  signal: AbortSignal,
): Promise<VmTarget> {
  if (target.record !== undefined || socket === undefined) return target;
  const { process, share } = await answererOf(socket, { socket: path, shared }, host, signal);
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
      return await open({ path }, { signal, turn: true, timeout: Math.max(1, Math.ceil(deadline.remaining)) });
    } catch (error) {
      const isBusy = error instanceof QmpConnectError && error.code === 'qmp-busy';
      if (!isBusy || deadline.remaining <= CONNECT_RETRY_INTERVAL) throw error;
    }
    await delay(CONNECT_RETRY_INTERVAL, undefined, { signal });
  }
}
