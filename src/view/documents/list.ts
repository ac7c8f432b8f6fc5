import type { VmRecord } from '../../registry/index.js';

/** For programs: the VMs that qplug runs on this host. */
export function listDocument(vms: readonly VmRecord[]): Record<string, unknown> {
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
  };
}
