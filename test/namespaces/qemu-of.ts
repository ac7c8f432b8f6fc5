import { identifyProcess, namespaceOf, type ProcessIdentity } from '../../src/base/index.js';
import type { QemuProcess } from '../../src/processes/index.js';

/** @returns a process as qplug describes a QEMU, whatever program it runs */
export function qemuOf(pid: number): QemuProcess {
  const process: ProcessIdentity | undefined = identifyProcess(pid);
  if (process === undefined) throw new Error(`process ${pid} has ended`);
  const [mount, network] = [namespaceOf(pid, 'mnt'), namespaceOf(pid, 'net')];
  return {
    ...{ process, uid: 0, program: 'qemu-system-x86_64', name: undefined, machine: undefined },
    ...{ monitors: [], launcher: undefined, container: undefined },
    namespaces: { mount, network, pid: namespaceOf(pid, 'pid'), user: namespaceOf(pid, 'user') },
  };
}
