import type { Drive, EmulatedDrive, VmFile } from '../../config/index.js';
import {
  type Capabilities,
  type ControllerSpec,
  controllerDevice,
  type DeviceSpec,
  deviceOption,
  emulatedDevice,
  type PropertyValue,
  pcieRootPort,
  type QemuVersion,
  type UsbPlace,
  usbHub,
} from '../../qdev/index.js';
import { isUsbSwitchedOn, machineBoard, needsPcie, spareRootPorts } from './controllers.js';
import { type MachineModel, machineModel } from './machine.js';
import { parseQemuArgs } from './qemu-args.js';
import { sandboxOption } from './sandbox.js';

/** One option of the command line; `flag` with its dash. A word that is not an option (a disk image) has an empty flag. */
export interface QemuOption {
  readonly flag: string;
  readonly value?: string | undefined;
}

/** An emulated device with its place. */
export interface PlacedEmulated extends UsbPlace {
  readonly driver: string;
  readonly properties?: Readonly<Record<string, PropertyValue>> | undefined;
  readonly drive?: EmulatedDrive | undefined;
}

/** All inputs of a command line. */
export interface ArgvInput {
  readonly vm: VmFile;
  /** Determines the syntax of devices. */
  readonly version: QemuVersion;
  /** This QEMU's own answers; they take precedence over its version. */
  readonly capabilities?: Capabilities | undefined;
  readonly paths: { readonly qplugSocket: string; readonly ownerSocket: string };
  readonly controllers: readonly ControllerSpec[];
  readonly hubs: readonly (UsbPlace & { readonly ports: number })[];
  readonly emulated: readonly PlacedEmulated[];
  /** Whether QEMU gets its two monitors as descriptors 3 and 4, sockets that listen already. Default: it creates them itself. */
  readonly handedOver?: boolean | undefined;
  /** Start with the guest stopped, so that devices can be plugged and checked before it runs. */
  readonly paused: boolean;
}

/**
 * Builds the command line of a VM: general options first, `qemu.args` last. qplug keeps QEMU's other defaults, except for the display:
 * none, unless the arguments have one.
 */
export function buildArgv(input: ArgvInput): readonly QemuOption[] {
  const { vm, paths } = input;
  const given = parseQemuArgs(vm.qemu.args);
  const has = (...flags: string[]): boolean => given.some(({ flag }) => flag !== undefined && flags.includes(flag));
  const sandbox = sandboxOption(vm, input.capabilities);
  const device = (spec: DeviceSpec): QemuOption => ({
    flag: '-device',
    value: deviceOption(spec, input.version, input.capabilities?.deviceAdd),
  });
  return [
    { flag: '-name', value: vm.name },
    ...(sandbox === undefined || has('sandbox') ? [] : [{ flag: '-sandbox', value: sandbox }]),
    { flag: '-machine', value: machineOption(input) },
    // Several: QEMU uses the first that works (softmmu/vl.c, configure_accelerators).
    ...vm.accel.map((value) => ({ flag: '-accel', value })),
    { flag: '-m', value: vm.memory },
    { flag: '-smp', value: String(vm.cpus) },
    ...(has('display', 'nographic', 'vnc', 'spice', 'curses', 'sdl') ? [] : [{ flag: '-display', value: 'none' }]),
    ...[paths.qplugSocket, paths.ownerSocket].flatMap((path, i) =>
      input.handedOver === true ? qmpDescriptor(i) : [{ flag: '-qmp', value: qmpSocket(path) }],
    ),
    ...(input.paused && !has('S') ? [{ flag: '-S' }] : []),
    ...vm.drives.map(blockNode),
    ...input.emulated.flatMap(({ id, drive }) =>
      drive === undefined ? [] : [blockNode({ id: nodeOf(id), ...drive })],
    ),
    ...devices(input).map(device),
    ...given.map(({ flag, value, index }) => verbatim(vm.qemu.args[index] ?? '', flag, value)),
  ];
}

/** @returns the words of a command line, program first */
export function argvArray(binary: string, options: readonly QemuOption[]): string[] {
  return [binary, ...options.flatMap(wordsOf)];
}

/** @returns the one or two words of an option */
export function wordsOf({ flag, value }: QemuOption): string[] {
  return [...(flag === '' ? [] : [flag]), ...(value === undefined ? [] : [value])];
}

function verbatim(word: string, flag: string | undefined, value: string | undefined): QemuOption {
  return flag === undefined ? { flag: '', value: word } : { flag: word, value };
}

/** The machine with the options that USB needs: some machines without PCI have USB, and a microvm has PCI, only on request. */
function machineOption({ vm, controllers, version }: ArgvInput): string {
  const { family, usb, pcie } = machineModel(vm.machine);
  const wantsUsb = usb === undefined && machineBoard(vm, version)?.pci === false && isUsbSwitchedOn(vm, version);
  const wantsPcie = family === 'microvm' && pcie === undefined && needsPcie(vm, controllers);
  return `${vm.machine}${wantsUsb ? ',usb=on' : ''}${wantsPcie ? ',pcie=on' : ''}`;
}

/** A server that does not wait for its client; in this syntax a comma in the path is doubled (util/qemu-option.c). */
function qmpSocket(path: string): string {
  return `unix:${path.replaceAll(',', ',,')},server=on,wait=off`;
}

/** The same with a socket that listens already; `-qmp` does not accept descriptors. @param i - 0: qplug's own, 1: the owner's */
function qmpDescriptor(i: number): QemuOption[] {
  const id = i === 0 ? 'qplug-monitor' : 'qplug-owner';
  return [
    { flag: '-chardev', value: `socket,id=${id},fd=${3 + i},server=on,wait=off` },
    { flag: '-mon', value: `chardev=${id},mode=control` },
  ];
}

/** The block node that belongs to an emulated device. */
function nodeOf(id: string): string {
  return `${id}-drive`;
}

function blockNode({ id, file, format, readonly }: Pick<Drive, 'id' | 'file' | 'format' | 'readonly'>): QemuOption {
  // The `file` driver accepts only regular files (block/file-posix.c).
  const driver = file.startsWith('/dev/') ? 'host_device' : 'file';
  const node = { driver: format, 'node-name': id, 'read-only': readonly, file: { driver, filename: file } };
  return { flag: '-blockdev', value: JSON.stringify(node) };
}

/** Every device, before those that need it: root ports, controllers, hubs, disks, emulated devices. */
function devices({ vm, controllers, hubs, emulated }: ArgvInput): DeviceSpec[] {
  return [
    ...spareRootPorts(vm).map(({ id, address, chassis }) =>
      pcieRootPort({ id, bus: 'pcie.0', address, chassis, slot: chassis }),
    ),
    ...controllers.map(controllerDevice),
    ...hubs.map(usbHub),
    ...diskDevices(vm),
    ...emulated.map(({ drive, properties, ...place }) =>
      emulatedDevice({ ...place, properties: { ...properties, ...(drive && { drive: nodeOf(place.id) }) } }),
    ),
  ];
}

/** The id of the SCSI adapter for drives of that interface. */
const SCSI = 'qplug-scsi';

/** The suffix of virtio devices on a machine; on an unknown machine QEMU's alias finds the right one. */
const VIRTIO_BUS: Readonly<Record<MachineModel['family'], string>> = {
  microvm: '-device',
  pc: '-pci',
  q35: '-pci',
  virt: '-pci',
  none: '',
  other: '',
};

function diskDriver(drive: Drive, virtio: string): string | undefined {
  switch (drive.interface) {
    case 'virtio':
      return `virtio-blk${virtio}`;
    case 'ide':
      // An IDE disk can't be read-only (hw/ide/qdev.c); a CD-ROM always is.
      return drive.readonly ? 'ide-cd' : 'ide-hd';
    case 'scsi':
      return 'scsi-hd';
    case 'sd':
      return 'sd-card';
    case 'none':
      return undefined;
  }
}

function diskDevices(vm: VmFile): DeviceSpec[] {
  const virtio = VIRTIO_BUS[machineModel(vm.machine).family];
  const disks = vm.drives.flatMap((drive): DeviceSpec[] => {
    const driver = diskDriver(drive, virtio);
    const properties = { drive: drive.id, ...(drive.interface === 'scsi' && { bus: `${SCSI}.0` }) };
    return driver === undefined ? [] : [{ driver, id: drive.id, properties }];
  });
  const needsScsi = vm.drives.some((drive) => drive.interface === 'scsi');
  return [...(needsScsi ? [{ driver: `virtio-scsi${virtio}`, id: SCSI, properties: {} }] : []), ...disks];
}

/** @returns the ids of devices that qplug itself adds to the command line, besides those of the file */
export function ownIds(vm: VmFile, controllers: readonly ControllerSpec[]): Set<string> {
  return new Set([
    ...controllers.map(({ id }) => id),
    ...spareRootPorts(vm).map(({ id }) => id),
    ...diskDevices(vm).map(({ id }) => id),
    ...vm.usb.hubs.map(({ id }) => id),
    ...vm.usb.devices.flatMap((wish) => (wish.kind === 'emulated' ? [wish.id] : [])),
  ]);
}

/** @returns the block node names that qplug uses */
export function ownNodes(vm: VmFile): Set<string> {
  return new Set([
    ...vm.drives.map(({ id }) => id),
    ...vm.usb.devices.flatMap((wish) =>
      wish.kind === 'emulated' && wish.drive !== undefined ? [nodeOf(wish.id)] : [],
    ),
  ]);
}
