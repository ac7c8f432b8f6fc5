import { below, disk, mountInfo, running, type Tree, volume } from './host-tree.js';

export const H = 'x\u001b[31m\u202ey\u0007z';

/** A host where all that others name has a hostile name. */
export const HOSTILE: Tree = {
  ...disk('2-1', 'sda', 2),
  ...volume('dm-0', '253:0', ['sda1'], { 'dm/uuid': 'CRYPT-LUKS2-x\n', 'dm/name': `${H}\n` }),
  '/proc/self/mountinfo': mountInfo(`253:0 /mnt/${H} ext4 /dev/dm-0`),
  '/proc/swaps': 'head\n/dev/sda2 partition 1 0 -2\n',
  '/sys/class/net/usb0': below('2-1', 'net/usb0'),
  [`/sys/class/net/usb0/upper_${H}`]: { link: 'x' },
  '/proc/net/route': `head\n${H}\t00000000\t0\t0003\t0\t0\t0\t00000000\n`,
  '/sys/class/tty/ttyUSB0': below('2-1', 'tty/ttyUSB0'),
  '/sys/class/tty/ttyUSB0/dev': '188:0\n',
  '/sys/class/input/input1': below('2-1', 'input/input1'),
  '/sys/class/input/input1/name': `${H}\n`,
  '/sys/class/input/input1/capabilities/key': 'fffffffffffffffe\n',
  '/run/systemd/seats/seat0': `ACTIVE=${H}\n`,
  [`/run/systemd/sessions/${H}`]: `USER=${H}\n`,
  ...running(5, H, [['/dev/ttyUSB0', 'char 188:0']]),
  ...running(6, `qemu${H}`, [['/dev/bus/usb/002/002', 'char 189:129']], ['qemu', '-name', H]),
};
