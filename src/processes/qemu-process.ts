import type { ProcessIdentity } from '../base/index.js';
import type { Monitor } from './monitor.js';

/** The program that started a QEMU, by the marks that it leaves in QEMU's arguments and places. */
export type Launcher = 'qplug' | 'libvirt' | 'proxmox' | 'quickemu' | 'lima' | 'incus' | 'microvm.nix' | 'dockur';

/** The namespaces of a process that decide what it sees (namespaces(7)); inodes, undefined where /proc hides them. */
export interface Namespaces {
  readonly mount: number | undefined;
  readonly network: number | undefined;
  readonly pid: number | undefined;
  readonly user: number | undefined;
}

/** A QEMU process of this host that this user may look at. What its arguments say is untrusted; the rest is the kernel's. */
export interface QemuProcess {
  readonly process: ProcessIdentity;
  /** Real user id, in the user namespace of qplug. */
  readonly uid: number;
  /** The base name of its program: `qemu-system-x86_64`. */
  readonly program: string;
  /** `-name`; undefined without one. */
  readonly name: string | undefined;
  /** `-machine` or `-M`, without its properties; undefined without one. */
  readonly machine: string | undefined;
  readonly monitors: readonly Monitor[];
  readonly launcher: Launcher | undefined;
  /** The id of its container, as its cgroup names it (64 hex digits of docker, podman and nerdctl); undefined outside. */
  readonly container: string | undefined;
  readonly namespaces: Namespaces;
  /**
   * True for a process of another user whose program the kernel does not tell this user: then only its arguments say that it is a QEMU, and
   * nothing may be reached through it.
   */
  readonly isHint?: true | undefined;
}
