import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { standardHost } from '../hosts.js';
import { usbDevices } from '../inside/devices.js';
import type { Lab } from '../inside/lab.js';
import type { NestedQemu } from '../inside/nested-qemu.js';
import { defineSuite, type Suite } from '../inside/suite.js';
import { objects } from './parts/as-before.js';
import { diskOf, mountPoint, tool } from './parts/host-disk.js';
import { plugByHand } from './parts/plug-by-hand.js';
import { qplug, vmFile } from './parts/qplug.js';
import { driversOf } from './parts/settled.js';

function startVm(lab: Lab): Promise<NestedQemu> {
  return lab.startQemu(['-device', 'qemu-xhci,id=xhci']);
}

interface ToldGuard {
  readonly kind: string;
  readonly subject: string;
}

/** The guards of a device in `devices --json`. */
async function guardsOf(lab: Lab, key: string): Promise<readonly ToldGuard[]> {
  const { name } = lab.device(key);
  const { code, out, err } = await qplug(['devices', '--json']);
  assert.equal(code, 0, err);
  const { devices, hubs } = JSON.parse(out) as Record<'devices' | 'hubs', { port: string; guards: ToldGuard[] }[]>;
  return [...devices, ...hubs].find(({ port }) => port === name)?.guards ?? [];
}

/**
 * Asserts that qplug refuses an attach for that reason, that `devices` shows it too, and that nothing was touched.
 *
 * @param words - texts in the refusal, besides the name of the guard
 */
async function refused(
  lab: Lab,
  vm: NestedQemu,
  key: string,
  kind: string,
  ...words: readonly string[]
): Promise<void> {
  const [drivers, inside] = [driversOf(lab), await objects(vm)];
  assert.deepEqual([...new Set((await guardsOf(lab, key)).map((one) => one.kind))], [kind]);
  const { code, err } = await qplug(['attach', vm.socket, lab.device(key).name]);
  assert.equal(code, 5, err);
  for (const word of [`--guard-off ${kind}`, ...words]) assert.ok(err.includes(word), `${word} in: ${err}`);
  assert.deepEqual([driversOf(lab), await objects(vm)], [drivers, inside]);
}

/** Asserts that these words attach a device, and that it can be detached: its drivers come back. */
async function given(lab: Lab, vm: NestedQemu, key: string, ...words: readonly string[]): Promise<void> {
  const before = driversOf(lab);
  const { name } = lab.device(key);
  for (const argv of [
    ['attach', vm.socket, name, ...words],
    ['detach', vm.socket, name],
  ]) {
    const { code, err } = await qplug(argv);
    assert.equal(code, 0, err);
  }
  await lab.until('the drivers are back', () => {
    const now = driversOf(lab);
    return [...before].every(([one, driver]) => now.get(one) === driver);
  });
}

/** Writes a table of one partition (type 83, from 1 MiB to the end) and has the kernel read it. */
function partition(lab: Lab, disk: string, sectors: number): void {
  const table = Buffer.alloc(512);
  table.writeUInt8(0x83, 446 + 4);
  table.writeUInt32LE(2048, 446 + 8);
  table.writeUInt32LE(sectors - 2048, 446 + 12);
  table.writeUInt16LE(0xaa55, 510);
  const write = (bytes: Buffer): void => {
    writeFileSync(disk, bytes, { flag: 'r+' });
    tool('blockdev', '--rereadpt', disk);
  };
  write(table);
  lab.defer(() => write(Buffer.alloc(512)));
}

/** Writes the policy of the lab, only for this check. */
function policy(lab: Lab, text: string): void {
  mkdirSync('/etc/qplug', { recursive: true });
  writeFileSync('/etc/qplug/policy.yaml', text);
  lab.defer(() => rmSync('/etc/qplug', { recursive: true, force: true }));
}

/** Guards and policy, on real devices. */
const suite: Suite = defineSuite({ title: 'guards', source: import.meta.url, machine: standardHost }, (check) => {
  check('a partition that is mounted, also where only another mount namespace has it', async (lab) => {
    tool('modprobe', '-a', 'ext4');
    const disk = await diskOf(lab, 'SS0001');
    partition(lab, disk, 32_768);
    await lab.until('the partition', () => existsSync(`${disk}1`));
    tool('mkfs.ext4', '-q', `${disk}1`);
    const vm = await startVm(lab);
    const at = mountPoint(lab);
    tool('mount', '-o', 'ro', `${disk}1`, at);
    await refused(lab, vm, 'SS0001', 'mount', `${disk}1 mounted at ${at}`, `umount ${at}`);
    const file = vmFile(lab, 'usb: { devices: [{ select: serial=SS0001, when-missing: fail }] }');
    const run = await qplug(['run', file, '--detach']);
    assert.equal(run.code, 5, run.err);
    assert.match(run.err, /bench\.yaml:\d+:\d+/);
    tool('umount', at);
    const keeper = await lab.start(['unshare', '--mount', 'sh', '-c', `mount -o ro ${disk}1 ${at} && exec sleep 1000`]);
    await lab.until('the mount', () => readFileSync(`/proc/${keeper.pid}/mountinfo`, 'utf8').includes(` ${at} `));
    await refused(lab, vm, 'SS0001', 'mount', `in the mount namespace of sleep (pid ${keeper.pid})`);
    keeper.kill('SIGKILL');
    await keeper.finished;
    await lab.until('the host does without it', async () => (await guardsOf(lab, 'SS0001')).length === 0);
  });

  check.soak('a mounted disk is handed over where that is said by name, and by no other name', async (lab) => {
    tool('modprobe', '-a', 'ext4');
    const disk = await diskOf(lab, 'HS0001');
    tool('mkfs.ext4', '-q', '-F', disk);
    tool('mount', '-o', 'ro', disk, mountPoint(lab));
    const vm = await startVm(lab);
    const other = await qplug(['attach', vm.socket, 'serial=HS0001', '--guard-off', 'swap']);
    assert.equal(other.code, 5, other.err);
    await given(lab, vm, 'HS0001', '--guard-off', 'mount');
  });

  check.soak('swap', async (lab) => {
    const disk = await diskOf(lab, 'HS0001');
    tool('mkswap', disk);
    tool('swapon', disk);
    lab.defer(() => tool('swapoff', '-a'));
    const vm = await startVm(lab);
    await refused(lab, vm, 'HS0001', 'swap', `${disk} used as swap`, `swapoff ${disk}`);
    tool('swapoff', disk);
    await given(lab, vm, 'HS0001');
  });

  check.soak('a file system on LVM on LUKS, and each of them alone', async (lab) => {
    tool('modprobe', '-a', 'dm_mod', 'dm_crypt', 'ext4', 'xts', 'aesni_intel');
    const disk = await diskOf(lab, 'SS0001');
    const key = join(lab.folder, 'key');
    writeFileSync(key, 'of the lab');
    const small = ['--luks2-metadata-size', '16k', '--luks2-keyslots-size', '256k'];
    const quick = ['--pbkdf', 'pbkdf2', '--pbkdf-force-iterations', '1000'];
    tool('cryptsetup', 'luksFormat', '--batch-mode', '--type', 'luks2', ...small, ...quick, disk, key);
    tool('cryptsetup', 'open', '--key-file', key, disk, 'vault');
    lab.defer(() => {
      tool('cryptsetup', 'close', 'vault');
      rmSync('/run/cryptsetup', { recursive: true, force: true });
      tool('wipefs', '-qa', disk);
    });
    const vm = await startVm(lab);
    await refused(lab, vm, 'SS0001', 'volume', 'the open LUKS volume vault', 'cryptsetup close vault');

    const plain =
      'devices { obtain_device_list_from_udev=0 } activation { udev_sync=0 udev_rules=0 } backup { backup=0 archive=0 }';
    const lvm = (...args: readonly string[]): string => tool('lvm', ...args, '--config', plain);
    lvm('pvcreate', '-qq', '/dev/mapper/vault');
    lvm('vgcreate', '-qq', 'attic', '/dev/mapper/vault');
    lvm('lvcreate', '-qq', '-y', '-l', '100%FREE', '-n', 'box', '-Wn', '-Zn', 'attic');
    lab.defer(() => {
      lvm('vgchange', '-qq', '-an', 'attic');
      for (const path of ['/run/lvm', '/run/lock/lvm']) rmSync(path, { recursive: true, force: true });
    });
    await refused(
      lab,
      vm,
      'SS0001',
      'volume',
      'the open LUKS volume vault',
      'the LVM volume attic-box',
      'lvchange -an',
    );

    tool('mkfs.ext4', '-q', '/dev/mapper/attic-box');
    const at = mountPoint(lab);
    tool('mount', '/dev/mapper/attic-box', at);
    await refused(lab, vm, 'SS0001', 'mount', `${disk}, below the open LUKS volume vault`, `mounted at ${at}`);
  });

  check.soak('a loop device, a plain device-mapper device, and an array of two sticks', async (lab) => {
    tool('modprobe', '-a', 'loop', 'dm_mod', 'raid1');
    const [one, two] = [await diskOf(lab, 'SS0001'), await diskOf(lab, 'HS0001')];
    const vm = await startVm(lab);
    const loop = tool('losetup', '--find', '--show', one).trim();
    await refused(lab, vm, 'SS0001', 'volume', `the loop device ${loop}`, `losetup -d ${loop}`);
    tool('losetup', '-d', loop);

    tool('dmsetup', 'create', '--noudevsync', '--table', `0 2048 linear ${one} 0`, 'part');
    await refused(lab, vm, 'SS0001', 'volume', 'the device-mapper device part', 'dmsetup remove part');
    tool('dmsetup', 'remove', '--noudevsync', 'part');

    writeFileSync('/sys/module/md_mod/parameters/new_array', 'md_lab');
    const array = '/sys/block/md_lab/md';
    lab.defer(() => writeFileSync(`${array}/array_state`, 'clear'));
    const set = (file: string, value: string): void => writeFileSync(join(array, file), value);
    set('metadata_version', 'none');
    set('level', 'raid1');
    set('raid_disks', '2');
    for (const [slot, disk] of [one, two].entries()) {
      const name = disk.slice(5);
      set('new_dev', readFileSync(`/sys/class/block/${name}/dev`, 'utf8').trim());
      set(`dev-${name}/slot`, String(slot));
    }
    set('array_state', 'readonly');
    for (const key of ['SS0001', 'HS0001']) await refused(lab, vm, key, 'volume', 'the MD array /dev/md_lab');
  });

  check.soak('a disk that a program has open', async (lab) => {
    const disk = await diskOf(lab, 'HS0001');
    const vm = await startVm(lab);
    const holder = await lab.start(['sh', '-c', `exec sleep 1000 3<${disk}`]);
    await lab.until('it is open', async () => (await guardsOf(lab, 'HS0001')).length > 0);
    await refused(lab, vm, 'HS0001', 'disk-open', `${disk} open in sleep (pid ${holder.pid})`);
    await given(lab, vm, 'HS0001', '--guard-off', 'disk-open');
  });

  check.soak('a serial line that a program has open, or waits on for a login', async (lab) => {
    await lab.gadget({ id: '1209:0001', speed: 480, functions: ['acm'], serial: 'LINE' });
    await lab.until('the line', () => existsSync('/dev/ttyACM0'));
    const vm = await startVm(lab);
    const holder = await lab.start(['sh', '-c', 'exec sleep 1000 3<>/dev/ttyACM0']);
    await lab.until('it is open', async () => (await guardsOf(lab, 'LINE')).length > 0);
    await refused(lab, vm, 'LINE', 'serial', `/dev/ttyACM0 open in sleep (pid ${holder.pid})`);
    holder.kill('SIGKILL');
    await holder.finished;
    // it writes down that it was there: not where others look
    const quiet = 'mount -t tmpfs none /var/log && mount -t tmpfs none /run';
    await lab.start(['unshare', '--mount', 'sh', '-c', `${quiet} && exec agetty --local-line ttyACM0 115200`]);
    await lab.until('it is a console', async () => (await guardsOf(lab, 'LINE'))[0]?.kind === 'console');
    await refused(lab, vm, 'LINE', 'console', '/dev/ttyACM0, a login terminal (agetty');
  });

  check.soak('the only keyboard and the only pointer of somebody at a terminal', async (lab) => {
    // the PC has a keyboard of its own beside that of USB
    const ps2 = '/sys/bus/serio/drivers/atkbd';
    for (const port of existsSync(ps2) ? readdirSync(ps2).filter((name) => /^serio\d/.test(name)) : []) {
      writeFileSync(`${ps2}/unbind`, port);
      lab.defer(() => writeFileSync(`${ps2}/bind`, port));
    }
    const nameOf = (what: string): string =>
      lab.devices().find(({ product }) => product === `QEMU USB ${what}`)?.name ?? '';
    const [keyboard, mouse] = [nameOf('Keyboard'), nameOf('Mouse')];
    const vm = await startVm(lab);
    await given(lab, vm, keyboard);
    await lab.start(['sh', '-c', 'exec setsid --ctty sleep 1000 </dev/tty1']);
    await lab.until('somebody is there', async () => (await guardsOf(lab, keyboard)).length > 0);
    await refused(lab, vm, keyboard, 'keyboard', 'the only keyboard of seat0', 'sleep (pid');
    assert.deepEqual(await guardsOf(lab, mouse), [], 'the tablet is a pointer too');
    await lab.pull('tablet');
    await refused(lab, vm, mouse, 'pointer', 'the only pointer of seat0');
    await given(lab, vm, mouse, '--guard-off', 'pointer');
  });

  check('the network adapter of the default route, and of a session of SSH', async (lab) => {
    tool('modprobe', '-a', 'cdc_ether');
    const { device } = await lab.gadget({ id: '1209:0010', speed: 480, functions: ['ecm'], serial: 'NET' });
    const folder = join(usbDevices, `${device.name}:1.0`, 'net');
    const [link = ''] = await lab.until('its interface', () => existsSync(folder) && readdirSync(folder));
    const vm = await startVm(lab);
    await given(lab, vm, 'NET');
    const [near = ''] = await lab.until('its interface again', () => existsSync(folder) && readdirSync(folder));
    assert.equal(near.length > 0, link.length > 0);
    tool('ip', 'address', 'add', '192.168.7.1/24', 'dev', near);
    tool('ip', 'link', 'set', near, 'up');
    assert.deepEqual(await guardsOf(lab, 'NET'), [], 'it carries nothing yet');
    tool('ip', 'route', 'add', 'default', 'dev', near);
    await refused(lab, vm, 'NET', 'route', `network interface ${near} with the default route (IPv4)`);
    tool('ip', 'route', 'delete', 'default', 'dev', near);

    const far = await lab.start(['unshare', '--net', 'sleep', '1000']);
    const inside = ['nsenter', '--net', '--target', String(far.pid)];
    const other = await lab.until('the far end', () =>
      readdirSync('/sys/class/net').find((name) => {
        const path = tool('readlink', '-f', `/sys/class/net/${name}`);
        return path.includes('/gadget') && name !== near;
      }),
    );
    await lab.until('the other network', () => {
      tool('ip', 'link', 'set', other, 'netns', String(far.pid));
      return true;
    });
    tool(...inside, 'ip', 'address', 'add', '192.168.7.2/24', 'dev', other);
    tool(...inside, 'ip', 'link', 'set', other, 'up');
    const server = createServer(() => undefined).listen(22, '0.0.0.0');
    lab.defer(() => server.close());
    const connected = new Promise((resolve) => server.once('connection', resolve));
    const client = `require('node:net').connect(22, '192.168.7.1'); setInterval(() => undefined, 1000)`;
    const session = await lab.start([...inside, process.execPath, '-e', client]);
    await connected;
    await refused(lab, vm, 'NET', 'ssh', `network interface ${near}`, '192.168.7.2 port');
    session.kill('SIGKILL');
    await session.finished;
    await lab.until('the session is over', async () => (await guardsOf(lab, 'NET')).length === 0);
  });

  check('a device that a QEMU of somebody else has', async (lab) => {
    const other = await lab.startQemu(['-name', 'guest=win10,debug-threads=on', '-device', 'qemu-xhci,id=c']);
    await plugByHand(other, lab.device('HS0001'));
    const vm = await startVm(lab);
    await refused(lab, vm, 'HS0001', 'in-use', `(pid ${other.process.pid}, VM win10)`, 'the other VM would lose it');
    const told = await qplug(['devices', 'serial=HS0001']);
    assert.match(told.out, /\[in-use\]/);
    const file = vmFile(lab, 'usb: { devices: [{ select: serial=HS0001, when-missing: fail }] }');
    const run = await qplug(['run', file, '--detach']);
    assert.equal(run.code, 5, run.err);
    assert.ok(run.err.includes(`pid ${other.process.pid}`), run.err);
    await other.quit();
    await lab.until('its driver is back', () => [...lab.device('HS0001').drivers.values()].includes('usb-storage'));
    await given(lab, vm, 'HS0001');
  });

  check.soak('a device of another VM of ours is refused as that, not as one that somebody has open', async (lab) => {
    const [first, second] = [await startVm(lab), await startVm(lab)];
    const attached = await qplug(['attach', first.socket, 'serial=HS0001']);
    assert.equal(attached.code, 0, attached.err);
    const again = await qplug(['attach', first.socket, 'serial=HS0001']);
    assert.equal(again.code, 0, again.err);
    const { code, err } = await qplug(['attach', second.socket, 'serial=HS0001']);
    assert.equal(code, 5, err);
    assert.match(err, /belongs to another VM/);
    assert.doesNotMatch(err, /--guard-off/);
    const detached = await qplug(['detach', first.socket, 'serial=HS0001']);
    assert.equal(detached.code, 0, detached.err);
  });

  check('a hub', async (lab) => {
    await lab.plug({ driver: 'usb-hub', id: 'hub', bus: 'x0.0', port: '5' });
    const vm = await startVm(lab);
    const { code, err } = await qplug(['attach', vm.socket, '1-5']);
    assert.equal(code, 5, err);
    assert.deepEqual(
      (await guardsOf(lab, '1-5')).map(({ kind }) => kind),
      ['hub'],
    );
  });

  check('the policy: what is denied, by whatever it is named, and passthrough as a whole', async (lab) => {
    const vm = await startVm(lab);
    const before = driversOf(lab);
    for (const text of [
      'deny: [serial=HS0001]',
      `deny: [{ port: ${lab.device('HS0001').name} }]`,
      'deny: [{ class: 08, user: root, group: root }]',
      'allow: [serial=SS0001]',
      'enabled: false',
      'deny: [',
    ]) {
      policy(lab, text);
      const { code, err } = await qplug(['attach', vm.socket, 'serial=HS0001', '--guard-off', 'mount']);
      assert.equal(code, 5, `${text}: ${err}`);
      assert.match(err, /\/etc\/qplug\/policy\.yaml/);
      assert.deepEqual(driversOf(lab), before);
    }
    policy(lab, 'allow: [class=08]\ndeny: [{ class: 08, user: nobody }]');
    await given(lab, vm, 'HS0001');
  });
});

export default suite;
