import { fail } from '../../diag/index.js';
import { unitWord } from './unit-word.js';

/** The first line of each unit: qplug replaces and removes only files that begin with it. */
export const UNIT_MARK = '# Written by qplug agent install';

/** Whose systemd it is: that of the system, or that of one user. */
export type Manager = 'system' | 'user';

/** One file for systemd. */
export interface Unit {
  readonly name: string;
  readonly text: string;
}

/**
 * Makes the units of qplug.
 *
 * @param program - the words that start qplug, absolute paths: node and its script
 * @throws QplugError `unit-program-unfit` for a path that can't be written into a unit, or is not absolute
 */
export function unitsOf(program: readonly string[], manager: Manager): readonly Unit[] {
  if (program.length === 0) throw fail('unit-program-unfit', { path: '' });
  const isSystem = manager === 'system';
  const marked = (name: string, text: string): Unit => ({ name, text: `${UNIT_MARK}\n\n${text.trim()}\n` });
  return [
    marked('qplug.socket', controlSocket(manager)),
    ...(isSystem ? [marked('qplug-uevent.socket', UEVENT_SOCKET)] : []),
    marked('qplug-agent.service', agentService(program, manager)),
    marked('qplug@.service', vmService(program, manager)),
    ...(isSystem ? [marked('qplug-sleep.service', sleepService(program))] : []),
  ];
}

/** systemd starts no program with these in its path, however it is quoted (string_is_safe in src/basic/string-util.c of systemd). */
const UNFIT_FOR_PROGRAM = /["'\\]/;

/**
 * @param prefix - `:` keeps systemd from reading `$` as a variable, and `-` lets the program fail (systemd.service(5))
 * @param words - for qplug; they need no quotes
 */
function start(prefix: ':' | '-:', program: readonly string[], words: string): string {
  const quoted = program.map((word, index) => {
    const isFit = word.startsWith('/') && (index > 0 || !UNFIT_FOR_PROGRAM.test(word));
    const made = isFit ? unitWord(index === 0 ? `${prefix}${word}` : word) : undefined;
    if (made === undefined) throw fail('unit-program-unfit', { path: word });
    return made;
  });
  return `${quoted.join(' ')} ${words}`;
}

function controlSocket(manager: Manager): string {
  const runtime = manager === 'system' ? '/run' : '%t';
  return `
[Unit]
Description=Control socket of the qplug agent

[Socket]
ListenStream=${runtime}/qplug/agent/control.sock
FileDescriptorName=control
SocketMode=0600
DirectoryMode=0700
Service=qplug-agent.service

[Install]
WantedBy=sockets.target
`;
}

/** The kernel's own uevents: group 1 (linux/netlink.h, lib/kobject_uevent.c). */
const UEVENT_SOCKET = `
[Unit]
Description=Kernel events for the qplug agent
# there are none in most containers
ConditionVirtualization=!container

[Socket]
ListenNetlink=kobject-uevent 1
FileDescriptorName=uevent
Service=qplug-agent.service

[Install]
WantedBy=sockets.target
`;

function agentService(program: readonly string[], manager: Manager): string {
  const isSystem = manager === 'system';
  const sockets = isSystem ? 'qplug.socket qplug-uevent.socket' : 'qplug.socket';
  return `
[Unit]
Description=qplug agent, which keeps USB devices with their VMs
Requires=qplug.socket
# an agent that fails is tried again for ever: were there a limit, its sockets would close with it
StartLimitIntervalSec=0

[Service]
# clients wait in the socket until the agent answers, so it need not say when it is ready
Type=exec
Sockets=${sockets}
ExecStart=${start(':', program, 'agent')}
Restart=on-failure
RestartSec=5
# after SIGTERM
SuccessExitStatus=130
# it finishes or undoes the change that it has begun
TimeoutStopSec=60
# VMs do not run in this service, so none ends with it; only the agent gets SIGTERM, and the programs that it asks may finish
KillMode=mixed
# it says every 20 s that it still looks at the devices; a new agent goes on where this one was, so no core dump is needed
WatchdogSec=60
WatchdogSignal=SIGKILL
# systemd-notify says it
NotifyAccess=all
UMask=0077

${isSystem ? `${SYSTEM_HARDENING.trim()}\n` : ''}${HARDENING.trim()}

[Install]
WantedBy=${isSystem ? 'multi-user.target' : 'default.target'}
`;
}

/** For the service of root alone: the systemd of a user can't give all of these. */
const SYSTEM_HARDENING = `
# What the agent needs of the host stays open to it:
#   PrivateDevices=, DevicePolicy=, ProtectClock=   it changes the owner of /dev/bus/usb nodes; QEMU is asked whether it can use /dev/kvm
#   ProtectKernelTunables=                          it binds drivers in /sys/bus/usb
#   ProtectHome=, PrivateTmp=, ProtectSystem=full   VM files and sockets may be in any folder, and it finishes the change of a VM file
#   ProtectProc=, ProcSubset=, PrivateUsers=        it looks which process has a socket, a disk or a device open
#   PrivateNetwork=                                 it asks the kernel who is at the other end of a socket, and which adapter has the route
#   MemoryDenyWriteExecute=                         Node.js compiles JavaScript
# It writes nothing into /usr and /boot, loads no module, and reads no log of the kernel.
ProtectSystem=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectHostname=yes
# CHOWN FOWNER: nodes for QEMUs of other users. DAC_*: files of VMs of other users. SYS_PTRACE: open files of other processes.
# SETUID SETGID: asks QEMU as the user of its VM. KILL: ends an unfinished QEMU of another user. The rest of root's rights is gone.
CapabilityBoundingSet=CAP_CHOWN CAP_FOWNER CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_SYS_PTRACE CAP_SETUID CAP_SETGID CAP_KILL
`;

const HARDENING = `
# it needs none of these, and starts no setuid program
NoNewPrivileges=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
# QMP sockets; what the kernel knows of sockets and devices
RestrictAddressFamilies=AF_UNIX AF_NETLINK
SystemCallArchitectures=native
# QEMU looks at its start whether it can use seccomp
SystemCallFilter=@system-service seccomp
SystemCallErrorNumber=EPERM
`;

function vmService(program: readonly string[], manager: Manager): string {
  const isSystem = manager === 'system';
  // %E is $XDG_CONFIG_HOME
  const file = isSystem ? '/etc/qplug/vms/%i.yaml' : '%E/qplug/vms/%i.yaml';
  return `
[Unit]
Description=VM %i of qplug
After=network.target

[Service]
# it is ready when the VM runs and its devices are attached
Type=notify
# systemd-notify says so
NotifyAccess=all
ExecStart=${start(':', program, `run ${file}`)}
# qplug itself gives up earlier
TimeoutStartSec=180
# only qplug gets SIGTERM: it asks the guest to power off, then ends QEMU
KillMode=mixed
TimeoutStopSec=60
SuccessExitStatus=130
Restart=on-failure
RestartSec=5
# the file is wrong: it stays wrong
RestartPreventExitStatus=2
# No restrictions: a VM may need any program, device, file and network. qemu.user and qemu.sandbox of the VM file restrict QEMU itself.

[Install]
WantedBy=${isSystem ? 'multi-user.target' : 'default.target'}
`;
}

function sleepService(program: readonly string[]): string {
  return `
[Unit]
Description=qplug takes USB devices from their VMs while the host sleeps
Before=sleep.target
StopWhenUnneeded=yes

[Service]
Type=oneshot
RemainAfterExit=yes
# a device that can't be taken keeps no host from sleeping
ExecStart=${start('-:', program, 'agent hold')}
ExecStop=${start('-:', program, 'agent resume')}
TimeoutSec=60

[Install]
WantedBy=sleep.target
`;
}
