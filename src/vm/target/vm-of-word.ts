import type { HostAccess, VmTarget } from '../../access/index.js';
import { identifyProcess, isSameProcess, namespaceOf } from '../../base/index.js';
import { fail } from '../../diag/index.js';
import { findContainer, processesIn, type QemuProcess, qemuAt, runningQemus } from '../../processes/index.js';
import { monitorSocket, unusableMonitors } from './monitor-socket.js';
import type { VmWord } from './vm-word.js';

/** ms for a container engine, if no signal ends the question before. */
const ENGINE_TIMEOUT = 20_000;

/**
 * Finds the VM that is named by its port, process or container.
 *
 * @param word - as the user typed it
 * @throws QplugError `no-qemu-process` · `qemu-without-monitor` · `container-without-qemu` · `container-with-qemus` · as `findContainer` ·
 *   the signal's reason
 */
export async function vmOfWord(
  word: string,
  means: VmWord,
  host: HostAccess,
  signal: AbortSignal | undefined,
): Promise<VmTarget> {
  switch (means.by) {
    case 'tcp':
      return { name: word, socket: means.socket, record: undefined };
    case 'pid':
      return vmOfProcess(word, processAt(means.pid, host), host);
    case 'container':
      return vmOfProcess(word, await processInContainer(means.container, host, signal), host);
  }
}

function processAt(pid: number, { registry }: HostAccess): QemuProcess {
  const isKnown = registry.list().some(({ record: { qemu } }) => qemu?.pid === pid);
  const found = qemuAt(pid, { isKnown });
  if (found !== undefined) return found;
  throw fail('no-qemu-process', { pid, isThere: identifyProcess(pid) !== undefined });
}

async function processInContainer(
  container: string,
  { env }: HostAccess,
  signal: AbortSignal | undefined,
): Promise<QemuProcess> {
  const found = await findContainer(container, { env, signal: signal ?? AbortSignal.timeout(ENGINE_TIMEOUT) });
  const own = { mount: namespaceOf('self', 'mnt'), pid: namespaceOf('self', 'pid') };
  const inside = processesIn(found, runningQemus(), own);
  const [only, ...others] = inside;
  const { name } = found;
  if (only === undefined) throw fail('container-without-qemu', { name });
  if (others.length === 0) return only;
  throw fail('container-with-qemus', { name, pids: inside.map(({ process }) => process.pid) });
}

/** A VM of qplug keeps its name, whatever word leads to its process. */
function vmOfProcess(word: string, qemu: QemuProcess, { registry }: HostAccess): VmTarget {
  const { process } = qemu;
  const ours = registry
    .list()
    .find(({ record }) => record.qemu !== undefined && isSameProcess(record.qemu, process))?.record;
  if (ours !== undefined) return { name: ours.name, socket: ours.sockets.qplug, record: ours };
  if (qemu.isHint === true) throw fail('qemu-of-another-user', { pid: process.pid, uid: qemu.uid });
  const own = { mount: namespaceOf('self', 'mnt'), network: namespaceOf('self', 'net') };
  const socket = monitorSocket(qemu, own);
  if (socket === undefined)
    throw fail('qemu-without-monitor', { vm: word, pid: process.pid, has: unusableMonitors(qemu) });
  return { name: word, socket, record: undefined, answerer: process };
}
