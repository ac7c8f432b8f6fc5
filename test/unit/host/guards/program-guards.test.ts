import { describe, expect, test } from 'vitest';
import { below, deviceAt, guardsAt, running, type Tree } from './host-tree.js';

const stick = deviceAt('2-1');
const reader = deviceAt('1-4');
/** Major 189; bus 2, address 2 (Documentation/admin-guide/devices.txt). */
const NODE = ['/dev/bus/usb/002/002', 'char 189:129'] as const;
const usbfs = (device: typeof stick) => ({
  ...device,
  interfaces: device.interfaces.map((one) => ({ ...one, driver: 'usbfs' })),
});

describe('a serial adapter', () => {
  const TTY: Tree = {
    '/sys/class/tty/ttyUSB0': below('2-1', 'ttyUSB0/tty/ttyUSB0'),
    '/sys/class/tty/ttyUSB0/dev': '188:0\n',
    '/proc/cmdline': 'ro quiet\n',
  };
  const LINE = ['/dev/ttyUSB0', 'char 188:0'] as const;
  const guards = (...trees: readonly Tree[]) => guardsAt(stick, TTY, ...trees);

  test('that nobody has open is free', () => {
    expect(guards()).toEqual([]);
    expect(guards({ '/sys/class/tty/console/active': 'tty0 ttyS0\n', '/proc/cmdline': 'console=ttyUSB1\n' })).toEqual(
      [],
    );
  });

  test('is kept by who has it open', () => {
    expect(guards(running(9, 'minicom', [LINE]), running(8, 'ModemManager', [LINE]))).toEqual([
      {
        kind: 'serial',
        node: '/dev/ttyUSB0',
        processes: [
          { pid: 8, name: 'ModemManager' },
          { pid: 9, name: 'minicom' },
        ],
      },
    ]);
  });

  test.each([
    ['active', { '/sys/class/tty/console/active': 'tty0 ttyUSB0\n' }],
    ['command-line', { '/proc/cmdline': 'ro console=tty0 console=ttyUSB0,115200n8\n' }],
    ['getty', running(9, 'agetty', [LINE])],
    ['getty', running(9, 'login', [LINE])],
  ] as const)('is kept as a console: %s', (use, tree) => {
    expect(guards(tree)).toMatchObject([{ kind: 'console', node: '/dev/ttyUSB0', use }]);
  });
});

describe('a card reader or security key', () => {
  const FIDO: Tree = {
    '/sys/class/hidraw/hidraw3': below('2-1', '0003:1050:0407.0005/hidraw/hidraw3'),
    '/sys/class/hidraw/hidraw3/dev': '243:3\n',
    '/sys/class/hidraw/hidraw3/device/report_descriptor': Uint8Array.of(0x06, 0xd0, 0xf1, 0x09, 0x01, 0xa1, 0x01),
  };

  test('that nobody uses is free, though its daemon runs', () => {
    expect(guardsAt(reader, running(5, 'pcscd'))).toEqual([]);
    expect(guardsAt(stick, FIDO)).toEqual([]);
  });

  test('is kept by the daemon that has it open', () => {
    const node = [reader.node, `char 189:${(reader.bus - 1) * 128 + reader.address - 1}`] as const;
    expect(guardsAt(reader, running(5, 'pcscd', [node]))).toEqual([
      { kind: 'token', node: reader.node, processes: [{ pid: 5, name: 'pcscd' }], sure: true },
    ]);
  });

  test('is kept by a daemon that serves such devices, where a program that can not be seen has claimed it', () => {
    expect(guardsAt(usbfs(reader), running(5, 'pcscd'))).toEqual([
      { kind: 'token', node: reader.node, processes: [{ pid: 5, name: 'pcscd' }], sure: false },
    ]);
    expect(guardsAt(usbfs(reader), running(5, 'sh'))).toMatchObject([{ kind: 'in-use', processes: [] }]);
  });

  test('is kept by who has the key open by hidraw; another HID is not', () => {
    const browser = running(5, 'firefox', [['/dev/hidraw3', 'char 243:3']]);
    expect(guardsAt(stick, FIDO, browser)).toMatchObject([{ kind: 'token', node: '/dev/hidraw3', sure: true }]);
    const plain = { '/sys/class/hidraw/hidraw3/device/report_descriptor': Uint8Array.of(0x05, 0x01, 0x09, 0x06) };
    expect(guardsAt(stick, FIDO, plain, browser)).toEqual([]);
  });

  test('in a VM of somebody else is in use, and no token of the host', () => {
    const node = [reader.node, `char 189:${(reader.bus - 1) * 128 + reader.address - 1}`] as const;
    const qemu = running(5, 'qemu-system-x86', [node], ['qemu-system-x86_64', '-name', 'cards']);
    expect(guardsAt(reader, qemu)).toMatchObject([{ kind: 'in-use', processes: [{ vm: 'cards' }] }]);
  });
});

describe('a device whose node a program has open', () => {
  test('is in use, by a QEMU with the name of its VM', () => {
    const args = ['/usr/bin/qemu-system-x86_64', '-name', 'guest=win10,debug-threads=on', '-S'];
    const libvirt = [...args, '-object', 'secret,file=/var/lib/libvirt/qemu/domain-1-win10/master-key.aes'];
    expect(guardsAt(stick, running(812, 'qemu-system-x86', [NODE], libvirt))).toEqual([
      {
        kind: 'in-use',
        node: NODE[0],
        processes: [{ pid: 812, name: 'qemu-system-x86', vm: 'win10', libvirt: true }],
        claimed: [],
      },
    ]);
    expect(guardsAt(stick, running(812, 'qemu-system-x86', [NODE], args))).toMatchObject([
      { processes: [{ vm: 'win10', libvirt: false }] },
    ]);
  });

  test.each([
    [['-name', 'bench'], 'bench'],
    [['--name', 'bench,process=x'], 'bench'],
    [['-name', 'a,,b,,,debug-threads=on'], 'a,b,'],
    [['-name', 'debug-threads=on,guest=x'], 'x'],
    [['-name', 'one', '-name', 'two'], 'two'],
    [['-name', ''], undefined],
    [['-name'], undefined],
    [[], undefined],
  ])('a QEMU with %j runs %j', (args, vm) => {
    const [guard] = guardsAt(stick, running(812, 'qemu-kvm', [NODE], ['qemu-kvm', ...args]));
    expect(guard).toMatchObject({ processes: [vm === undefined ? { pid: 812 } : { vm }] });
  });

  test('is in use also where it has another name, or stands in another /dev', () => {
    expect(guardsAt(stick, running(5, 'adb', [['/jail/dev/bus/usb/002/002', NODE[1]]]))).toMatchObject([
      { kind: 'in-use', processes: [{ name: 'adb' }] },
    ]);
    expect(guardsAt(stick, running(5, 'adb', [['/jail/dev/bus/usb/002/002', 'char 189:0']]))).toEqual([]);
  });

  test('is in use where only the claim of an interface is seen', () => {
    expect(guardsAt(usbfs(stick))).toEqual([{ kind: 'in-use', node: NODE[0], processes: [], claimed: ['2-1:1.0'] }]);
  });
});

test('a hub is kept for what is behind it', () => {
  expect(guardsAt(deviceAt('usb1'))).toEqual([{ kind: 'hub', below: ['1-2', '1-4'] }]);
});

test('what hangs below a device by another bus is its own, though its name looks like a port', () => {
  const i2c = { '/sys/class/tty/ttyX0': below('2-1', 'i2c-5/5-0050/tty/ttyX0'), '/proc/cmdline': 'console=ttyX0\n' };
  expect(guardsAt(stick, i2c)).toMatchObject([{ kind: 'console', node: '/dev/ttyX0' }]);
});
