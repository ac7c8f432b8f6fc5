import type { VmRecord } from '../../registry/index.js';
import type { AdoptedVm } from '../../vm/index.js';

/** For programs: the VMs that qplug runs on this host, and those that it did not start and that have a name. */
export function listDocument(vms: readonly VmRecord[], adopted: readonly AdoptedVm[]): Record<string, unknown> {
  return {
    vms: vms.map(({ name, file, binary, sockets, log, qemu, created }) => ({
      name,
      file,
      binary,
      sockets,
      log,
      pid: qemu?.pid ?? null,
      created,
    })),
    adopted: adopted.map(({ name, socket, runs }) => ({ name, socket, runs: runs ?? null })),
  };
}
