import type { HostAccess } from '../../access/index.js';
import { isSameProcess, peerOf, socketFileOf } from '../../base/index.js';
import { fail } from '../../diag/index.js';
import { type ConnectOptions, connect, type QmpConnection } from '../../qmp/index.js';
import type { ClaimOwner } from '../../registry/index.js';

/**
 * Connects to the VM of a claim or journal entry; refuses another VM that its path leads to now.
 *
 * @throws QplugError `socket-of-another-vm` · QmpConnectError · the signal's reason
 */
export async function reachOwner(
  owner: ClaimOwner,
  { registry }: Pick<HostAccess, 'registry'>,
  options: ConnectOptions & { readonly signal: AbortSignal },
): Promise<QmpConnection> {
  const { vm, socket, process } = owner;
  const qmp = await connect({ path: socket }, options);
  try {
    // only qplug can create sockets in the folder of its own VM
    const isOurs = registry.read(vm)?.sockets.qplug === socket;
    if (!isOurs && !(await isOwner(owner, qmp, options.signal)))
      throw fail('socket-of-another-vm', { vm, socket, pid: process?.pid });
    return qmp;
  } catch (error) {
    await qmp.close();
    throw error;
  }
}

async function isOwner(
  { process, socket, socketFile }: ClaimOwner,
  qmp: QmpConnection,
  signal: AbortSignal,
): Promise<boolean> {
  const peer = process === undefined || qmp.socket === undefined ? undefined : await peerOf(qmp.socket, signal);
  if (process !== undefined && peer !== undefined) return isSameProcess(process, peer);
  return socketFile === undefined || socketFileOf(socket) === socketFile;
}
