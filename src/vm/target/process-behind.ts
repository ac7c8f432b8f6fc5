import { type Answerer, answererOf, type HostAccess } from '../../access/index.js';
import { parseTcpAddress, type SocketIdentity } from '../../base/index.js';
import { hasThreads, type QemuProcess, runningQemus, tcpPeerOf } from '../../processes/index.js';
import { QmpCommandError, type QmpConnection } from '../../qmp/index.js';

/**
 * Finds QEMU's process behind an open connection, as far as the kernel says who is at its other end. Through a forwarder of ports the kernel
 * knows only which QEMUs it may be; then the one is it whose threads the QEMU at the other end names.
 *
 * @param path - what was connected to: a path, or a port
 */
export async function processBehind(
  qmp: QmpConnection,
  path: string,
  host: Pick<HostAccess, 'shares'>,
  signal: AbortSignal,
): Promise<Answerer> {
  const { socket, shared } = qmp;
  if (socket === undefined) return { process: undefined, share: undefined };
  if (parseTcpAddress(path) === undefined) return await answererOf(socket, { socket: path, shared }, host, signal);
  return { process: (await qemuAtPort(qmp, socket, signal))?.process, share: undefined };
}

async function qemuAtPort(
  qmp: QmpConnection,
  socket: SocketIdentity,
  signal: AbortSignal,
): Promise<QemuProcess | undefined> {
  const found = tcpPeerOf(
    socket,
    runningQemus().filter(({ isHint }) => isHint !== true),
  );
  if (found.peer === 'process') return found.process;
  if (found.peer !== 'candidates') return undefined;
  const threads = await threadsOf(qmp, signal);
  const [only, ...others] = found.processes.filter(({ process }) => hasThreads(process, threads));
  return others.length === 0 ? only : undefined;
}

/** The ids of QEMU's vCPU threads, as it names them; none of a machine without processors. */
async function threadsOf(qmp: QmpConnection, signal: AbortSignal): Promise<number[]> {
  try {
    const cpus = await qmp.execute('query-cpus-fast', undefined, { signal });
    return cpus.map((cpu) => cpu['thread-id']);
  } catch (error) {
    if (error instanceof QmpCommandError) return [];
    throw error;
  }
}
