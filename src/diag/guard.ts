/**
 * The host's own use of a USB device, as data: src/host/guards finds it, guard-words.ts words it.
 * All strings are raw.
 */

/** The names of guards, in the order of their report. `--guard-off` and `guard-off:` take them. */
export const GUARD_KINDS = [
  'hub',
  'mount',
  'swap',
  'volume',
  'disk-open',
  'keyboard',
  'pointer',
  'bluetooth',
  'route',
  'ssh',
  'console',
  'serial',
  'token',
  'in-use',
] as const;

export type GuardKind = (typeof GUARD_KINDS)[number];

/** A process that has something open. */
export interface HolderProcess {
  readonly pid: number;
  /** /proc/PID/comm: at most 15 bytes, and any name that the process gives itself. */
  readonly name: string;
  /** For a QEMU: what its `-name` says; libvirt writes the domain's name there. */
  readonly vm?: string | undefined;
  /** Whether it is a QEMU of libvirt's. */
  readonly libvirt?: boolean | undefined;
}

/** A block device that stands on others: device-mapper, MD, bcache, a loop device. */
export interface Volume {
  /** `/dev/dm-0` */
  readonly node: string;
  readonly what: 'LUKS' | 'LVM' | 'multipath' | 'device-mapper' | 'MD' | 'bcache' | 'loop' | 'other';
  /** The name of a device-mapper device. */
  readonly name?: string | undefined;
}

/** A part of a disk, and the volumes on it up to the one in use. */
export interface DiskUse {
  /** `/dev/sdb1`: what belongs to the USB device itself. */
  readonly node: string;
  /** From the part up; empty if the part itself is in use. */
  readonly through: readonly Volume[];
}

/** Why qplug takes a seat as used by a person. */
export type SeatUse =
  | { readonly by: 'session'; readonly session: string; readonly user: string | undefined }
  | { readonly by: 'terminal'; readonly terminal: string; readonly process: HolderProcess }
  | { readonly by: 'reader'; readonly process: HolderProcess };

/** One reason why the host needs a device. */
export type Guard =
  /** `below`: the ports of the devices behind it. */
  | { readonly kind: 'hub'; readonly below: readonly string[] }
  /** `inside`: the mounts are those of this process's mount namespace, not of ours. */
  | ({
      readonly kind: 'mount';
      readonly at: readonly string[];
      readonly inside?: HolderProcess | undefined;
    } & DiskUse)
  | ({ readonly kind: 'swap' } & DiskUse)
  /** No known user of the topmost volume; but it is active. */
  | ({ readonly kind: 'volume' } & DiskUse)
  | ({ readonly kind: 'disk-open'; readonly processes: readonly HolderProcess[] } & DiskUse)
  /** `input`: the name of the input device. */
  | {
      readonly kind: 'keyboard' | 'pointer';
      readonly input: string;
      readonly seat: string;
      readonly use: SeatUse;
    }
  /** `sure`: sysfs shows the input device below this adapter; else this is the only adapter there is. */
  | { readonly kind: 'bluetooth'; readonly adapter: string; readonly inputs: readonly string[]; readonly sure: boolean }
  /** `through`: bridges, bonds and the like that stand on the interface; the last has the route. */
  | {
      readonly kind: 'route';
      readonly interface: string;
      readonly through: readonly string[];
      readonly families: readonly ('IPv4' | 'IPv6')[];
    }
  /** `peers`: `192.0.2.7 port 50122`, as far as the kernel routes answers to them through this interface. */
  | {
      readonly kind: 'ssh';
      readonly interface: string;
      readonly through: readonly string[];
      readonly peers: readonly string[];
    }
  | {
      readonly kind: 'console';
      readonly node: string;
      readonly use: 'active' | 'command-line' | 'getty';
      readonly process?: HolderProcess | undefined;
    }
  | { readonly kind: 'serial'; readonly node: string; readonly processes: readonly HolderProcess[] }
  /** `sure`: these processes have its node open; else they run, and a program has claimed the device. */
  | {
      readonly kind: 'token';
      readonly node: string;
      readonly processes: readonly HolderProcess[];
      readonly sure: boolean;
    }
  /** `claimed`: interfaces that a program has claimed; without `processes`, by one that this user may not see. */
  | {
      readonly kind: 'in-use';
      readonly node: string;
      readonly processes: readonly HolderProcess[];
      readonly claimed: readonly string[];
    };
