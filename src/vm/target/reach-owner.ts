import { type HostAccess, monitorPath } from '../../access/index.js';
import { isSameProcess, socketFileOf } from '../../base/index.js';
import { fail } from '../../diag/index.js';
import { type ConnectOptions, parseAddress, type QmpConnection } from '../../qmp/index.js';
import type { ClaimOwner } from '../../registry/index.js';
import { connectMonitor } from './connect-monitor.js';
import { processBehind } from './process-behind.js';

/**
 * Connects to the VM of a claim or journal entry; refuses another VM that its path leads to now.
 *
 * @throws QplugError `socket-of-another-vm` · QmpConnectError · the signal's reason
 */
export async function reachOwner(
  owner: ClaimOwner,
  host: Pick<HostAccess, 'registry' | 'shares'>,
  options: ConnectOptions & { readonly signal: AbortSignal },
): Promise<QmpConnection> {
  const { vm, socket, process } = owner;
  const path = monitorPath(socket, host);
  const qmp = await connectMonitor(parseAddress(path), { ...options, turn: true });
  try {
    // only qplug can create sockets in the folder of its own VM
    const isOurs = host.registry.read(vm)?.sockets.qplug === socket;
    if (!isOurs && !(await isOwner(owner, path, qmp, host, options.signal)))
      throw fail('socket-of-another-vm', { vm, socket, pid: process?.pid });
    return qmp;
  } catch (error) {
    await qmp.close();
    throw error;
  }
}

async function isOwner(
  { process, socket, socketFile }: ClaimOwner,
  path: string,
  qmp: QmpConnection,
  host: Pick<HostAccess, 'shares'>,
  signal: AbortSignal,
): Promise<boolean> {
  const found = process === undefined ? undefined : await processBehind(qmp, path, host, signal);
  const peer = found?.process;
  if (process !== undefined && peer !== undefined) return isSameProcess(process, peer);
  return socketFile === undefined || socketFileOf(socket) === socketFile;
}
