import { splitWords } from '../arguments/index.js';
import type { Monitor } from '../monitor.js';
import type { Launcher } from '../qemu-process.js';

/** What shows who started a QEMU. */
export interface Marks {
  readonly argv: readonly string[];
  readonly monitors: readonly Monitor[];
  readonly container: string | undefined;
}

/**
 * Recognizes the program that started a QEMU by the marks that it leaves in the arguments. They prove nothing: any process may have them.
 *
 * @returns undefined for a QEMU that a person or an unknown program started
 */
export function launcherOf({ argv, monitors, container }: Marks): Launcher | undefined {
  const options = splitWords(argv);
  const has = (name: string, mark: RegExp): boolean =>
    options.some((one) => one.name === name && mark.test(one.value.slice(0, LONGEST)));
  const listensAt = (mark: RegExp): boolean =>
    monitors.some(({ place }) => place.kind === 'unix' && mark.test(place.path.slice(-LONGEST)));
  // src/launcher/runtime-paths.ts: the two sockets in the folder of the VM
  if (listensAt(/\/vm\/[^/]+\/qplug\.sock$/) && listensAt(/\/vm\/[^/]+\/qmp\.sock$/)) return 'qplug';
  // qemu_command.c, qemuBuildNameCommandLine and qemuBuildMasterKeyCommandLine
  if (has('name', /^guest=.*,debug-threads=on$/) && has('object', /masterKey0|\/libvirt\//)) return 'libvirt';
  // PVE/QemuServer.pm, config_to_command
  if (has('id', /^\d+$/) && listensAt(/^\/(?:var\/)?run\/qemu-server\/\d+\.qmp$/)) return 'proxmox';
  // internal/server/instance/drivers/driver_qemu.go
  if (has('readconfig', /\/(?:incus|lxd)\/.*\/qemu\.conf$/) || listensAt(/\/(?:incus|lxd)\/.*\/qemu\.monitor$/))
    return 'incus';
  // pkg/driver/qemu/qemu.go
  if (has('name', /^lima-/) && (listensAt(/\/qmp\.sock$/) || has('chardev', /^socket,id=char-qmp,/))) return 'lima';
  // quickemu, vm_boot
  if (has('pidfile', /\.pid$/) && listensAt(/-monitor\.socket$/)) return 'quickemu';
  // lib/runners/qemu.nix: exec -a
  if (argv[0]?.startsWith('microvm@') === true) return 'microvm.nix';
  // src/disk.sh and src/proc.sh of qemus/qemu, of which dockur/windows and dockur/macos are made
  const isDockur = has('pidfile', /^\/run\/shm\//) || has('drive', /(?:^|,)file=\/storage\//);
  return container !== undefined && isDockur && has('name', /./) ? 'dockur' : undefined;
}

/** Characters of a value that are compared. */
const LONGEST = 4096;
