import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import '../../seed.js';
import { deviceAt, disk, guardsAt, mounted, mountInfo, running, volume } from './host-tree.js';

const stick = deviceAt('2-1');
const sda = disk('2-1', 'sda', 2);

/** `sdb`, of another device, is there in all: what is said of it must not be said of the stick. */
const guards = (...trees: Parameters<typeof guardsAt>[1][]) => guardsAt(stick, sda, disk('3-1', 'sdb'), ...trees);

describe('a disk', () => {
  test('that nobody uses is free', () => {
    expect(guards(mounted('8:17 /other vfat /dev/sdb1'), running(5, 'sh', ['/dev/null']))).toEqual([]);
  });

  test('is kept by the mounts of its partitions, by number and by name', () => {
    expect(guards(mounted('8:1 /mnt/a vfat /dev/sda1', '0:44 /mnt/b\\040c btrfs /dev/sda2'))).toEqual([
      { kind: 'mount', node: '/dev/sda1', through: [], at: ['/mnt/a'] },
      { kind: 'mount', node: '/dev/sda2', through: [], at: ['/mnt/b c'] },
    ]);
  });

  test('is kept by the mount of the whole disk', () => {
    expect(guards(mounted('8:0 /media ext4 /dev/root'))).toMatchObject([{ kind: 'mount', node: '/dev/sda' }]);
  });

  test('is kept by a journal that another disk has on it', () => {
    const found = guards(mounted('8:17 /x xfs /dev/sdb1 rw,logdev=/dev/sda1'));
    expect(found).toMatchObject([{ kind: 'mount', node: '/dev/sda1', at: ['/x'] }]);
  });

  test('is kept by a btrfs of several disks, though its mount names another one', () => {
    const found = guards(mounted('0:44 /pool btrfs /dev/sdb1'), {
      '/sys/fs/btrfs/features/raid56': '0\n',
      '/sys/fs/btrfs/8f2b/devices/sdb1': { link: 'x' },
      '/sys/fs/btrfs/8f2b/devices/sda2': { link: 'x' },
    });
    expect(found).toEqual([{ kind: 'mount', node: '/dev/sda2', through: [], at: ['/pool'] }]);
  });

  test('is kept by the mount of another mount namespace, which is told by a process in it', () => {
    const elsewhere = {
      ...mounted('8:17 / ext4 /dev/sdb1'),
      '/proc/self/ns/mnt': { link: 'mnt:[1]' },
      ...running(7, 'bash'),
      '/proc/7/ns/mnt': { link: 'mnt:[1]' },
      ...running(70, 'postgres'),
      '/proc/70/ns/mnt': { link: 'mnt:[2]' },
      '/proc/70/mountinfo': mountInfo('8:17 / ext4 /dev/sdb1', '8:1 /data ext4 /dev/sda1'),
      ...running(71, 'postgres'),
      '/proc/71/ns/mnt': { link: 'mnt:[2]' },
      '/proc/71/mountinfo': mountInfo('8:2 /late ext4 /dev/sda2'),
    };
    expect(guards(elsewhere)).toEqual([
      {
        kind: 'mount',
        node: '/dev/sda1',
        through: [],
        at: ['/data'],
        inside: { pid: 70, name: 'postgres' },
      },
    ]);
  });

  test('is kept by swap, on a partition or on a volume', () => {
    const swaps = 'Filename\tType\tSize\tUsed\tPriority\n/dev/sda1 partition 1 0 -2\n/dev/dm-0 partition 1 0 -3\n';
    const found = guards(volume('dm-0', '253:0', ['sda2'], { 'dm/uuid': 'LVM-x\n', 'dm/name': 'vg-swap\n' }), {
      '/proc/swaps': swaps,
    });
    expect(found).toEqual([
      { kind: 'swap', node: '/dev/sda1', through: [] },
      { kind: 'swap', node: '/dev/sda2', through: [{ node: '/dev/dm-0', what: 'LVM', name: 'vg-swap' }] },
    ]);
  });

  test.each([
    ['dm-0', 'CRYPT-LUKS2-0-luks\n', 'LUKS'],
    ['dm-0', 'LVM-abc\n', 'LVM'],
    ['dm-0', 'mpath-3600\n', 'multipath'],
    ['dm-0', 'part1-mpath-3600\n', 'multipath'],
    ['dm-0', '\n', 'device-mapper'],
    ['md127', '', 'MD'],
    ['bcache0', '', 'bcache'],
    ['drbd0', '', 'other'],
  ])('is kept by an idle %s with UUID %j: %s', (name, uuid, what) => {
    const found = guards(volume(name, '250:0', ['sda1'], { 'dm/uuid': uuid, 'dm/name': 'x y\n' }));
    expect(found).toMatchObject([{ kind: 'volume', node: '/dev/sda1', through: [{ node: `/dev/${name}`, what }] }]);
  });

  test('is kept by a loop device on a partition, which leaves no trace in its holders', () => {
    const found = guards(volume('loop3', '7:3', [], { 'loop/backing_file': '/dev/sda2\n' }));
    expect(found).toEqual([{ kind: 'volume', node: '/dev/sda2', through: [{ node: '/dev/loop3', what: 'loop' }] }]);
  });

  test('that has two legs of one array is kept by its use once', () => {
    const found = guards(volume('md0', '9:0', ['sda1', 'sda2']), mounted('9:0 /srv ext4 /dev/md0'));
    expect(found).toEqual([
      { kind: 'mount', node: '/dev/sda1', through: [{ node: '/dev/md0', what: 'MD' }], at: ['/srv'] },
    ]);
  });

  test('is kept by who has a part of it open, but not by those who look into every new disk', () => {
    const found = guards(
      running(4, 'udisksd', [['/dev/sda', 'block 8:0']]),
      running(5, '(udev-worker)', [['/dev/sda1', 'block 8:1']]),
      running(90, 'dd', [['/dev/sda1', 'block 8:1'], '/dev/sda1']),
    );
    expect(found).toEqual([
      { kind: 'disk-open', node: '/dev/sda1', through: [], processes: [{ pid: 90, name: 'dd' }] },
    ]);
  });

  test('is not kept by a file that is only called like it', () => {
    expect(guards(running(90, 'vi', ['/home/u/dev/sda1', '/dev/sda1 (deleted)']))).toEqual([]);
  });

  test('is kept by a use at any depth, which is told with all that is between', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.boolean(), (depth, isMounted) => {
        const names = Array.from({ length: depth }, (_, i) => `dm-${i}`);
        const tower = names.map((name, i) => volume(name, `253:${i}`, [i === 0 ? 'sda1' : `dm-${i - 1}`]));
        const found = guards(...tower, ...(isMounted ? [mounted(`253:${depth - 1} /top ext4 x`)] : []));
        expect(found).toMatchObject([
          { kind: isMounted ? 'mount' : 'volume', through: names.map((name) => ({ node: `/dev/${name}` })) },
        ]);
      }),
    );
  });

  test('whose volumes stand on each other in a circle ends the search', () => {
    const found = guards(volume('dm-0', '253:0', ['sda1', 'dm-1']), volume('dm-1', '253:1', ['dm-0']));
    expect(found).toMatchObject([{ kind: 'volume', node: '/dev/sda1' }]);
  });
});
