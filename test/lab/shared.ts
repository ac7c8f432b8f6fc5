/** What both sides of the lab share: the description of the machine, and the format of the results. */

/** A `-device` or `device_add` of QEMU: `driver`, `id`, and the driver's own properties. */
export interface QemuDevice {
  driver: string;
  id: string;
  [property: string]: unknown;
}

/** A disk image that is made for one boot; a `usb-storage` names it as its `drive`. */
export interface Disk {
  /** QEMU's node name. */
  name: string;
  /** Size in bytes, a multiple of 512. */
  size: number;
}

/** The computer that the lab boots. */
export interface MachineSpec {
  /** Devices on the command line: PCI controllers first, then what is plugged into them. */
  devices: readonly QemuDevice[];
  disks: readonly Disk[];
  /** Memory in MiB; 4096 when left out. */
  memory?: number;
  /** Gives the inside a /dev/kvm: a nested guest then runs several times faster. Costs a second of the boot. */
  kvm?: boolean;
}

/**
 * Arguments for a kernel that an emulated machine boots. A busy host may not give it the processor for some hundreds of milliseconds:
 * without `no_timer_check` the kernel takes that for a broken timer and panics ("IO-APIC + timer doesn't work!"); its watchdogs print
 * warnings.
 */
export const KERNEL_ARGUMENTS =
  'console=ttyS0 quiet panic=-1 mitigations=off no_timer_check nowatchdog rcupdate.rcu_cpu_stall_suppress=1';

/** Facts about the outside for the inside, in /out/machine.json. */
export interface MachineFacts {
  /** The project's folder: the same path inside and outside. */
  root: string;
  /** The path of /out on the outside: QEMU opens files there. */
  out: string;
  /** The kernel and the initramfs for a nested VM. */
  guest: { kernel: string; initrd: string };
  spec: MachineSpec;
  /** Names of the only checks to run; empty: all. */
  only: readonly string[];
}

/** One line of /out/results.jsonl. */
export type ResultLine =
  | { kind: 'begin'; name: string }
  | { kind: 'end'; name: string; ok: boolean; ms: number; error?: string; log: readonly string[] }
  | { kind: 'finished' };

/**
 * The first sector of a disk of that name: its name as text, then bytes that are computed from it. So a test knows which
 * disk it read, and that it read the whole sector.
 *
 * @returns 512 bytes
 */
export function firstSector(disk: string): Uint8Array {
  const sector = new Uint8Array(512);
  let state = 7;
  for (let i = 0; i < sector.length; i++) {
    state = (state * 31 + disk.charCodeAt(i % disk.length) + i) & 0xffff;
    sector[i] = state >> 4;
  }
  sector.set(new TextEncoder().encode(`LAB DISK ${disk}\n`));
  return sector;
}
