import { join } from 'node:path';
import { KERNEL_ARGUMENTS, type MachineSpec } from '../shared.js';
import type { Images } from './images.js';

/**
 * The command line of the lab's machine. Its console hvc0 is QEMU's standard input and output, and its kernel's messages go to
 * `out`/serial.log. The virtio port `lab` is a QMP monitor of this QEMU itself: the chardev `loop` is a client of the socket of the
 * chardev `monitor`. Without erms and fsrm the kernel copies eight bytes at a time instead of one, and TCG emulates each copy.
 *
 * @param out - the folder that is /out inside; disk images are there as NAME.img
 * @param monitor - path of the socket to make
 */
export function qemuArguments(spec: MachineSpec, images: Images, out: string, monitor: string): string[] {
  const json = (value: object): string => JSON.stringify(value);
  const share = (id: string, path: string, options: string): string[] => [
    ...['-fsdev', `local,id=${id},path=${path.replaceAll(',', ',,')},security_model=none${options}`],
    ...['-device', json({ driver: 'virtio-9p-pci', fsdev: id, mount_tag: id })],
  ];
  return [
    ...['-M', 'q35', '-accel', 'tcg,thread=multi', '-cpu', 'max,-erms,-fsrm'],
    ...['-smp', '2', '-m', String(spec.memory ?? 4096)],
    ...['-nodefaults', '-no-reboot', '-display', 'none'],
    ...['-kernel', images.vmlinux, '-initrd', images.host],
    ...['-append', `${KERNEL_ARGUMENTS} random.trust_cpu=on`],
    ...['-serial', `file:${join(out, 'serial.log').replaceAll(',', ',,')}`],
    ...share('root', '/', ',readonly=on,multidevs=remap'),
    ...share('out', out, ''),
    ...['-audiodev', 'none,id=silence'], // for usb-audio
    ...['-chardev', 'stdio,id=console,signal=off'],
    ...['-chardev', `socket,id=monitor,path=${monitor},server=on,wait=off`, '-mon', 'chardev=monitor,mode=control'],
    ...['-chardev', `socket,id=loop,path=${monitor}`],
    ...['-device', json({ driver: 'virtio-serial-pci', id: 'serial' })],
    ...['-device', json({ driver: 'virtconsole', chardev: 'console' })],
    ...['-device', json({ driver: 'virtserialport', chardev: 'loop', name: 'lab' })],
    ...spec.disks.flatMap(({ name }) => [
      '-blockdev',
      json({ driver: 'raw', 'node-name': name, file: { driver: 'file', filename: join(out, `${name}.img`) } }),
    ]),
    ...spec.devices.flatMap((device) => ['-device', json(device)]),
  ];
}
