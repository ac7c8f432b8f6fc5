import type { VmRecord } from '../../registry/index.js';

/** The VMs that qplug runs on this host, for programs. */
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
