import { identifyProcess } from '../../base/index.js';
import { fail } from '../../diag/index.js';
import { connectInNetwork } from '../../processes/index.js';
import { type ConnectOptions, connect, type QmpAddress, type QmpConnection } from '../../qmp/index.js';

/**
 * As `connect` of the QMP client, also for a port in the network of another process.
 *
 * @throws QplugError `no-qemu-process` · as `connectInNetwork` · QmpConnectError
 */
export function connectMonitor(address: QmpAddress, options: ConnectOptions = {}): Promise<QmpConnection> {
  if ('path' in address || address.network === undefined) return connect(address, options);
  const { host, port, network: pid } = address;
  const owner = identifyProcess(pid);
  if (owner === undefined) throw fail('no-qemu-process', { pid, isThere: false });
  return connect(address, { ...options, over: (signal) => connectInNetwork(owner, { host, port }, { signal }) });
}
