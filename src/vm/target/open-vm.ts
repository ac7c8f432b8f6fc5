import { setTimeout as delay } from 'node:timers/promises';
import type { HostAccess, VmTarget } from '../../access/index.js';
import { Deadline, isSameProcess, peerOf, socketFileOf } from '../../base/index.js';
import { QemuLog } from '../../launcher/index.js';
import { connect, QmpConnectError, type QmpConnection } from '../../qmp/index.js';
import type { VmRecord } from '../../registry/index.js';
import { findVm } from './find-vm.js';

/** ms until a client that was turned away comes again. */
const COME_AGAIN = 100;

/** A VM whose monitor we hold. Dispose of it soon: a QMP socket serves one client at a time. */
export interface OpenVm extends VmTarget, AsyncDisposable {
  readonly qmp: QmpConnection;
}

/**
 * Finds a VM and takes its monitor. Another qplug that holds it is waited for until the deadline.
 *
 * @param vm - name, VM file or socket path, or what was found by one
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
