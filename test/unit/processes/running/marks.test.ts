import { describe, expect, test } from 'vitest';
import { readArguments } from '../../../../src/processes/arguments/index.js';
import { containerOf } from '../../../../src/processes/running/container-of.js';
import { launcherOf } from '../../../../src/processes/running/launcher-of.js';
import { programOf } from '../../../../src/processes/running/program-of.js';

const ID = '0123456789abcdef'.repeat(4);
const OTHER = 'f'.repeat(64);

describe('the container in a cgroup', () => {
  test.each([
    ['docker, systemd', `0::/system.slice/docker-${ID}.scope`],
    ['docker without systemd', `0::/docker/${ID}`],
    ['docker of cgroup v1', `12:pids:/docker/${ID}\n1:name=systemd:/docker/${ID}\n0::/system.slice`],
    ['rootless docker', `0::/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${ID}.scope`],
    ['podman', `0::/machine.slice/libpod-${ID}.scope`],
    ['podman, a group of the container', `0::/machine.slice/libpod-${ID}.scope/container`],
    ['podman in its service', `0::/system.slice/vm.service/libpod-payload-${ID}`],
    ['nerdctl', `0::/system.slice/nerdctl-${ID}.scope`],
    ['kubernetes', `0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-${ID}.scope`],
    ['kubernetes in a service', `0::/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:${ID}`],
    ['docker in docker', `0::/docker/${ID}/docker/${OTHER}`],
    ['seen from a container beside it', `0::/../${ID}`],
  ])('%s', (_name, text) => {
    expect(containerOf(text)).toBe(ID);
  });

  test.each([
    ['none', '0::/user.slice/user-0.slice/session-1.scope'],
    ['the root', '0::/'],
    ['the monitor of podman', `0::/machine.slice/libpod-conmon-${ID}.scope`],
    ['too many digits', `0::/docker/${ID}0`],
    ['other digits', `0::/docker/${ID.toUpperCase()}`],
    ['nothing', ''],
    ['no line of cgroup', `/docker/${ID}`],
  ])('%s', (_name, text) => {
    expect(containerOf(text)).toBe(undefined);
  });
});

describe('the launcher by its marks', () => {
  const launcher = (argv: readonly string[], container?: string) =>
    launcherOf({ argv, container, monitors: readArguments(argv, () => undefined).monitors });

  test.each([
    [
      'qplug',
      [
        ...['qemu', '-qmp', 'unix:/run/qplug/vm/bench/qplug.sock,server=on,wait=off'],
        ...['-qmp', 'unix:/run/qplug/vm/bench/qmp.sock,server=on,wait=off'],
      ],
    ],
    [
      'libvirt',
      [
        ...['/usr/bin/qemu-system-x86_64', '-name', 'guest=win11,debug-threads=on'],
        ...[
          '-object',
          '{"qom-type":"secret","id":"masterKey0","format":"raw","file":"/var/lib/libvirt/qemu/domain-1-win11/master-key.aes"}',
        ],
        ...[
          '-chardev',
          'socket,id=charmonitor,fd=30,server=on,wait=off',
          '-mon',
          'chardev=charmonitor,id=monitor,mode=control',
        ],
      ],
    ],
    [
      'proxmox',
      [
        ...['/usr/bin/kvm', '-id', '100', '-name', 'dsm,debug-threads=on'],
        ...[
          '-chardev',
          'socket,id=qmp,path=/var/run/qemu-server/100.qmp,server=on,wait=off',
          '-mon',
          'chardev=qmp,mode=control',
        ],
      ],
    ],
    [
      'quickemu',
      [
        ...['/usr/bin/qemu-system-x86_64', '-name', 'ubuntu,process=ubuntu', '-pidfile', 'ubuntu/ubuntu.pid'],
        ...[
          '-monitor',
          'unix:ubuntu/ubuntu-monitor.socket,server,nowait',
          '-serial',
          'unix:ubuntu/ubuntu-serial.socket,server,nowait',
        ],
      ],
    ],
    [
      'lima',
      [
        ...['qemu-system-x86_64', '-name', 'lima-default'],
        ...[
          '-chardev',
          'socket,id=char-qmp,path=/home/a/.lima/default/qmp.sock,server=on,wait=off',
          '-qmp',
          'chardev:char-qmp',
        ],
      ],
    ],
    ['incus', ['/opt/incus/bin/qemu-system-x86_64', '-S', '-name', 'c1', '-readconfig', '/run/incus/c1/qemu.conf']],
    ['microvm.nix', ['microvm@router', '-M', 'microvm', '-qmp', 'unix:router.sock,server,nowait']],
  ])('%s', (name, argv) => {
    expect(launcher(argv)).toBe(name);
  });

  test('dockur only in a container', () => {
    const argv = ['qemu-system-x86_64', '-name', 'windows,process=windows', '-pidfile', '/run/shm/qemu.pid'];
    expect(launcher(argv, ID)).toBe('dockur');
    expect(launcher(argv)).toBe(undefined);
  });

  test('nobody that is known', () => {
    expect(launcher(['qemu-system-x86_64', '-name', 'guest=a,debug-threads=on', '-id', '7'])).toBe(undefined);
    expect(launcher([])).toBe(undefined);
  });
});

test.each([
  ['/usr/bin/qemu-system-x86_64', 'qemu-system-x86_64'],
  ['/usr/bin/qemu-system-x86_64 (deleted)', 'qemu-system-x86_64'],
  ['/nix/store/x/bin/.qemu-system-aarch64-wrapped', '.qemu-system-aarch64-wrapped'],
  ['/usr/libexec/qemu-kvm', 'qemu-kvm'],
  ['kvm', 'kvm'],
  ['/usr/bin/qemu-img', undefined],
  ['/usr/bin/qemu-x86_64-static', undefined],
  ['/tmp/qemu-system-x86_64/sh', undefined],
  ['/usr/bin/vim', undefined],
  ['', undefined],
])('the program %s', (path, name) => {
  expect(programOf(path)).toBe(name);
});
