import { setTimeout as delay } from 'node:timers/promises';
import type { HostAccess, VmTarget } from '../../access/index.js';
import { Deadline, isSameProcess, peerOf, socketFileOf } from '../../base/index.js';
import { QemuLog } from '../../launcher/index.js';
import { connect, QmpConnectError, type QmpConnection } from '../../qmp/index.js';
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
 * Identifies the VM at a socket that the user named. qplug recognizes its own VMs by their process if not by the path, so that the VM has
 * its name, file and rules whatever path leads to it.
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
  // another socket may have replaced it in the meantime
  const socketFile = socketFileOf(target.socket) === target.socketFile ? target.socketFile : undefined;
  return { ...target, process, socketFile };
}

/** If a VM's watcher was killed, the next command that opens the VM copies its log. */
function keepLog({ log }: VmRecord): void {
  using kept = new QemuLog(log);
  kept.drain();
}

/** One client waits in QEMU's queue; the kernel rejects any further client immediately (listen(2), backlog 1); that client retries. */
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
      if (!isBusy || deadline.remaining <= CONNECT_RETRY_INTERVAL) throw error;
    }
    await delay(CONNECT_RETRY_INTERVAL, undefined, { signal });
  }
}
