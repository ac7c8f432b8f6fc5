import type { Monitor } from '../../processes/index.js';
import type { HostQemu } from '../../vm/index.js';

/** For programs: the QEMUs of this host, whoever started them. */
export function vmsDocument(vms: readonly HostQemu[]): Record<string, unknown> {
  return { vms: vms.map(vmDocument) };
}

function vmDocument({ qemu, word, add }: HostQemu): Record<string, unknown> {
  return {
    pid: qemu.process.pid,
    uid: qemu.uid,
    program: qemu.program,
    name: qemu.name ?? null,
    machine: qemu.machine ?? null,
    launcher: qemu.launcher ?? null,
    container: qemu.container ?? null,
    monitors: qemu.monitors.map(monitorDocument),
    word: word ?? null,
    add: add ?? null,
    hidden: qemu.isHint === true,
  };
}

function monitorDocument({ protocol, place }: Monitor): Record<string, unknown> {
  return { protocol, ...place };
}
