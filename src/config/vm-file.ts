import type { GuardKind, SourceLocation } from '../diag/index.js';

/** A path of keys and indexes from the top of a file: `['usb', 'devices', 0, 'port']`. */
export type Pointer = readonly (string | number)[];

/** A valid VM file. Everything optional has its default. See schemas/vm.schema.json. */
export interface VmFile {
  /** Its file. */
  readonly path: string;
  readonly name: string;
  /** QEMU's own spelling, options included: `q35`, `pc-q35-7.2,smm=off`. */
  readonly machine: string;
  readonly accel: readonly string[];
  /** QEMU's own spelling: `512M`. */
  readonly memory: string;
  readonly cpus: number;
  readonly drives: readonly Drive[];
  readonly qemu: QemuSection;
  readonly usb: UsbSection;
  /**
   * @param pointer - path of keys and indexes from the top
   * @returns the position of that value in the file (or of the nearest enclosing one)
   */
  locate(pointer: Pointer): SourceLocation;
}

export interface QemuSection {
  /** A name to look up in PATH, or an absolute path. */
  readonly binary: string;
  readonly args: readonly string[];
  /** Name of the user that it runs as; undefined: the user of qplug. */
  readonly user: string | undefined;
  /** Whether it came from the command line, and so is not in the file. */
  readonly userTyped?: boolean | undefined;
  /** Whether QEMU uses its sandbox; undefined: only if it runs as another user. */
  readonly sandbox?: boolean | undefined;
}

export interface Drive {
  /** Absolute: relative names start in the VM file's folder. */
  readonly file: string;
  readonly interface: 'virtio' | 'ide' | 'scsi' | 'sd' | 'none';
  readonly format: 'qcow2' | 'raw';
  readonly readonly: boolean;
  /** Node name in QEMU, valid on every version and unique among all ids of the file. */
  readonly id: string;
  readonly pointer: Pointer;
}

export interface UsbSection {
  /** Undefined: qplug chooses. Empty: none at start. */
  readonly controllers: readonly ControllerWish[] | undefined;
  readonly hubs: readonly HubWish[];
  readonly grow: { readonly hubs: boolean; readonly controllers: boolean };
  readonly reserve: number;
  readonly devices: readonly DeviceWish[];
  /** Selectors of host devices that this VM may ever have; undefined: any. */
  readonly allow: readonly string[] | undefined;
  readonly deny: readonly string[];
}

/** One controller. `count` in the file is already expanded: a wish for each, with ids `id`, `id1`, `id2`, … */
export interface ControllerWish {
  readonly id: string;
  /** Aliases are resolved: QEMU's own model name, or the group `ich9` (EHCI with its three companions). */
  readonly model: string;
  /** pci-ohci: num-ports. xHCI: the default of `p2` and `p3`. */
  readonly ports: number | undefined;
  /** xHCI: both always set. Others: undefined. */
  readonly p2: number | undefined;
  readonly p3: number | undefined;
  readonly pointer: Pointer;
}

export interface HubWish {
  readonly id: string;
  readonly controller: string;
  readonly port: string;
  readonly ports: number;
  readonly pointer: Pointer;
}

interface WishBase {
  readonly controller: string | undefined;
  readonly port: string | undefined;
  readonly slower: 'refuse' | 'allow';
  readonly pointer: Pointer;
}

export interface HostDeviceWish extends WishBase {
  readonly kind: 'host';
  readonly select: string;
  readonly whenMissing: 'skip' | 'wait' | 'fail';
  /** Host guards that the file switches off for it. */
  readonly guardOff: readonly GuardKind[];
}

export interface EmulatedDeviceWish extends WishBase {
  readonly kind: 'emulated';
  readonly model: string;
  readonly id: string;
  /** For usb-storage: the image. */
  readonly drive: EmulatedDrive | undefined;
  readonly properties: Readonly<Record<string, string | number | boolean>>;
}

export interface EmulatedDrive {
  /** Absolute. */
  readonly file: string;
  readonly format: 'qcow2' | 'raw';
  readonly readonly: boolean;
}

export type DeviceWish = HostDeviceWish | EmulatedDeviceWish;
