import type { Catalog, SourceLocation } from '../finding.js';
import { advice, path, sh } from '../fix.js';
import { BARE_EHCI, HUB_IS_FULL_SPEED, type PlannerChange, plannerFix, SPEED, type SpeedWord } from '../planner-fix.js';
import { printable } from '../printable.js';
import { type UntrustedEvidence, whyUntrusted } from './base.js';

/** The findings of src/launcher, each with its evidence. */
export interface LauncherEvidence {
  'machine-unknown': { machine: string; nearest: string };
  'controller-needs-pci': { model: string; machine: string };
  'controller-no-slot': { model: string };
  'id-of-companion': { id: string; group: string };
  'drive-interface': { interface: string; machine: string };
  'pin-controller-unknown': { controller: string; known: readonly string[]; nearest: string | undefined };
  'pin-port-unknown': { bus: string; port: string; ports: number };
  'pin-no-hub': { controller: string; port: string; parent: string };
  'pin-hub-too-deep': { port: string; limit: number };
  'pin-hub-speed': {
    bus: string;
    model: string;
    port: string;
    /** The speeds that the port takes. */
    takes: readonly SpeedWord[];
    /** What was tried, and makes it right. */
    fix?: Extract<PlannerChange, { fix: 'repin' | 'add-companions' }> | undefined;
  };
  'port-pinned-twice': { bus: string; port: string; first: SourceLocation };
  /** `write`: the line of the VM file that says the same. */
  'args-modelled': { option: string; write: string };
  'args-not-ours': { option: string; reason: string };
  'args-usb-controller': { option: string; write: string };
  'args-usb-device': { option: string; write: string | undefined };
  'args-id-taken': { id: string };
  'args-bus-reserved': { option: string; bus: string };
  'args-slot-taken': { option: string; slot: string; holder: string };
  'runtime-dir-unknown': { variable: string };
  'socket-path-too-long': { path: string; bytes: number; limit: number };
  'qemu-missing': { binary: string; path: string; package: string | undefined };
  'qemu-not-executable': { binary: string; reason: string };
  'qemu-untrusted': UntrustedEvidence & { binary: string };
  'qemu-not-qemu': { binary: string; output: string };
  'qemu-too-old': { binary: string; version: string; least: string };
  'qemu-silent': { binary: string; timeout: number };
  'qemu-no-usb-host': { binary: string; package: string };
  'qemu-no-model': { binary: string; model: string; nearest: string | undefined };
  'qemu-no-machine': { binary: string; machine: string; nearest: string | undefined };
  'qemu-no-sandbox': { binary: string };
  'drive-unusable': { file: string; access: 'read' | 'write'; reason: string; missing: boolean; format: string };
  'user-unknown': { user: string };
  'user-is-root': { user: string };
  'user-needs-root': { user: string };
  /** `group`: whether the node is open to a group. */
  'user-no-kvm': { user: string; node: string; group: boolean };
  /** `closed`: the folder on the way that is closed to the user. Owner and mode are those of that folder, else of the file. */
  'drive-denied': {
    file: string;
    access: 'read' | 'write';
    user: string;
    closed: string | undefined;
    uid: number;
    gid: number;
    mode: number;
  };
  'qemu-not-started': { binary: string; reason: string };
  'process-not-ended': { pid: number; waited: number };
  'process-not-ours': { pid: number };
}

const quote = (text: string): string => `\`${printable(text, 160)}\``;
const list = (words: readonly string[]): string => words.map((word) => printable(word, 60)).join(', ');

export const launcherCatalog: Catalog<LauncherEvidence> = {
  'machine-unknown': {
    kind: 'usage',
    text: ({ machine, nearest }) => ({
      what: `QEMU has no machine ${quote(machine)}`,
      fix: advice(`write \`machine: ${nearest}\``),
    }),
  },
  'controller-needs-pci': {
    kind: 'usage',
    text: ({ model, machine }) => ({
      what: `${quote(model)} is not possible here`,
      why: `it needs PCI, and the machine ${quote(machine)} has none`,
      fix: advice(
        machine.startsWith('microvm')
          ? 'write `machine: microvm`; PCI is turned on where it is needed'
          : 'leave `controllers:` out, and what USB the machine has by itself is used; or take a machine with PCI, `machine: q35` or `machine: virt`',
      ),
    }),
  },
  'controller-no-slot': {
    kind: 'usage',
    text: ({ model }) => ({
      what: `there is no PCI slot left for ${quote(model)}`,
      why: model === 'ich9' ? 'two ICH9 groups fit' : 'sixteen controllers fit',
    }),
  },
  'id-of-companion': {
    kind: 'usage',
    text: ({ id, group }) => ({
      what: `id ${quote(id)} is that of a companion on ${quote(group)}`,
      fix: advice('use another id'),
    }),
  },
  'drive-interface': {
    kind: 'usage',
    text: (evidence) => ({
      what: `the machine ${quote(evidence.machine)} has no ${printable(evidence.interface)} bus for a drive`,
      fix: advice('write `interface: virtio`'),
    }),
  },
  'pin-controller-unknown': {
    kind: 'usage',
    text: ({ controller, known, nearest }) => ({
      what: `there is no controller ${quote(controller)}`,
      why: known.length === 0 ? 'the VM starts with none' : `there is: ${list(known)}`,
      fix: nearest === undefined ? undefined : advice(`write \`controller: ${printable(nearest)}\``),
    }),
  },
  'pin-port-unknown': {
    kind: 'usage',
    text: ({ bus, port, ports }) => ({
      what: `${quote(bus)} has no port ${quote(port)}`,
      why: ports === 0 ? 'it has no ports' : `its ports are 1 to ${ports}`,
    }),
  },
  'pin-no-hub': {
    kind: 'usage',
    text: ({ controller, port, parent }) => ({
      what: `port ${quote(port)} is behind a hub that is not there`,
      fix: advice(`add to usb.hubs: \`- { controller: ${printable(controller)}, port: '${printable(parent)}' }\``),
    }),
  },
  'pin-hub-too-deep': {
    kind: 'usage',
    text: ({ port, limit }) => ({
      what: `a hub at port ${quote(port)} is too deep`,
      why: `QEMU chains at most ${limit} hubs`,
    }),
  },
  'pin-hub-speed': {
    kind: 'no-plan',
    text: ({ bus, model, port, takes, fix }) => ({
      what: `port ${quote(port)} of ${quote(bus)} takes no hub`,
      why: `${HUB_IS_FULL_SPEED}, and ${takes.join() === 'high' ? BARE_EHCI : `this port of ${quote(model)} takes ${takes.map((speed) => SPEED[speed]).join(' and ')}`}; QEMU would end at start with "speed mismatch"`,
      fix: fix && plannerFix(fix, { vm: '', running: false, unwritten: [] }),
    }),
  },
  'port-pinned-twice': {
    kind: 'usage',
    text: ({ bus, port, first }) => ({
      what: `port ${quote(port)} of ${quote(bus)} is given to two`,
      why: `first at ${printable(first.file)}:${first.line}:${first.column}`,
    }),
  },
  'args-modelled': {
    kind: 'usage',
    text: ({ option, write }) => ({
      what: `${quote(option)} clashes with what qplug writes`,
      fix: advice(`remove it and write \`${printable(write, 200)}\``),
    }),
  },
  'args-not-ours': {
    kind: 'usage',
    text: ({ option, reason }) => ({
      what: `${quote(option)} is not possible here`,
      why: reason,
      fix: advice('remove it'),
    }),
  },
  'args-usb-controller': {
    kind: 'usage',
    text: ({ option, write }) => ({
      what: `${quote(option)} would make a USB controller that qplug does not know of`,
      fix: advice(`remove it and add to usb.controllers: \`${printable(write, 300)}\``),
    }),
  },
  'args-usb-device': {
    kind: 'usage',
    text: ({ option, write }) => ({
      what: `${quote(option)} would make a USB device that qplug does not know of`,
      why: 'qplug places every USB device itself',
      fix: advice(
        write === undefined
          ? 'remove it, and plug it with `qplug qmp VM device_add`'
          : `remove it and add to usb.${option.includes('usb-hub') ? 'hubs' : 'devices'}: \`${printable(write, 300)}\``,
      ),
    }),
  },
  'args-id-taken': {
    kind: 'usage',
    text: ({ id }) => ({
      what: `id ${quote(id)} is used twice`,
      why: 'qplug gives it to something of this file',
      fix: advice('use another id'),
    }),
  },
  'args-bus-reserved': {
    kind: 'usage',
    text: ({ option, bus }) => ({
      what: `${quote(option)} would take ${quote(bus)}`,
      why: 'that port is kept for USB controllers, and QEMU makes it later than this device',
      fix: advice('add a `pcie-root-port` of your own'),
    }),
  },
  'args-slot-taken': {
    kind: 'usage',
    text: ({ option, slot, holder }) => ({
      what: `${quote(option)} would take PCI slot ${slot}`,
      why: `that is where ${quote(holder)} is`,
      fix: advice('leave `addr` out, or use a slot from 2 to 7'),
    }),
  },
  'runtime-dir-unknown': {
    kind: 'usage',
    text: ({ variable }) => ({
      what: 'there is no folder for sockets',
      why: `${variable} is not set to an absolute path`,
      fix: sh`export XDG_RUNTIME_DIR=/run/user/$(id -u)`,
    }),
  },
  'socket-path-too-long': {
    kind: 'usage',
    text: ({ path, bytes, limit }) => ({
      what: `the socket path ${quote(path)} is too long`,
      why: `it has ${bytes} bytes, and Linux allows ${limit}`,
      fix: advice('write a shorter `name:`, or set QPLUG_RUNTIME_DIR to a shorter path'),
    }),
  },
  'qemu-missing': {
    kind: 'failed',
    text: (evidence) => ({
      what: `there is no program ${quote(evidence.binary)}`,
      why: evidence.path === '' ? undefined : `looked in ${printable(evidence.path, 300)}`,
      fix: evidence.package === undefined ? undefined : sh`apt-get install ${evidence.package}`,
    }),
  },
  'qemu-not-executable': {
    kind: 'failed',
    text: ({ binary, reason }) => ({
      what: `${quote(binary)} can not be run`,
      why: printable(reason),
      fix: sh`chmod +x ${path(binary)}`,
    }),
  },
  'qemu-untrusted': {
    kind: 'failed',
    text: (evidence) => ({
      what: `root does not start ${quote(evidence.binary)} because it is in PATH`,
      why: whyUntrusted(evidence),
      fix: advice(`write \`qemu: { binary: ${printable(evidence.binary, 160)} }\` if it is meant`),
    }),
  },
  'qemu-not-qemu': {
    kind: 'failed',
    text: ({ binary, output }) => ({
      what: `${quote(binary)} is not QEMU`,
      why: output === '' ? 'it does not tell its version' : `it says ${quote(output)}`,
    }),
  },
  'qemu-too-old': {
    kind: 'failed',
    text: ({ binary, version, least }) => ({
      what: `${quote(binary)} is too old`,
      why: `it is version ${printable(version)}, and qplug needs ${printable(least)}`,
    }),
  },
  'qemu-silent': {
    kind: 'timeout',
    text: ({ binary, timeout }) => ({
      what: `${quote(binary)} does not answer`,
      why: `waited ${timeout} ms for its version`,
    }),
  },
  'qemu-no-usb-host': {
    kind: 'failed',
    text: (evidence) => ({
      what: `${quote(evidence.binary)} can not pass USB devices through`,
      why: 'its device `usb-host` is missing; Fedora has it in qemu-device-usb-host, Arch, Alpine and SUSE in qemu-hw-usb-host',
      fix: sh`apt-get install ${evidence.package}`,
    }),
  },
  'qemu-no-model': {
    kind: 'failed',
    text: ({ binary, model, nearest }) => ({
      what: `${quote(binary)} has no ${quote(model)}`,
      why: 'its build leaves that device out',
      fix:
        nearest === undefined
          ? undefined
          : advice(`write \`model: ${printable(nearest)}\`, which it has and which comes nearest`),
    }),
  },
  'qemu-no-machine': {
    kind: 'usage',
    text: ({ binary, machine, nearest }) => ({
      what: `${quote(binary)} has no machine ${quote(machine)}`,
      fix: nearest === undefined ? sh`${binary} -machine help` : advice(`write \`machine: ${printable(nearest)}\``),
    }),
  },
  'qemu-no-sandbox': {
    kind: 'failed',
    text: ({ binary }) => ({
      what: `${quote(binary)} has no sandbox`,
      why: 'it was built without libseccomp',
      fix: advice('write `sandbox: false`, or take a QEMU that has it'),
    }),
  },
  'drive-unusable': {
    kind: 'failed',
    text: ({ file, access, reason, missing, format }) => ({
      what: missing
        ? `there is no drive ${quote(file)}`
        : `the drive ${quote(file)} can not be ${access === 'read' ? 'read' : 'written'}`,
      why: missing ? undefined : printable(reason),
      fix: missing
        ? sh`qemu-img create -f ${format} ${path(file)} 8G`
        : access === 'write'
          ? advice('write `readonly: true`')
          : undefined,
    }),
  },
  'user-unknown': {
    kind: 'usage',
    text: ({ user }) => ({
      what: `there is no user ${quote(user)} for QEMU to run as`,
      fix: sh`sudo useradd --system --no-create-home --shell /usr/sbin/nologin ${user}`,
    }),
  },
  'user-is-root': {
    kind: 'usage',
    text: ({ user }) => ({
      what: `${quote(user)} is root under another name`,
      why: '`qemu.user` is there to take the rights of root away',
      fix: advice('name a user without them, or leave `user` out'),
    }),
  },
  'user-needs-root': {
    kind: 'failed',
    text: ({ user }) => ({
      what: `QEMU can not be started as ${quote(user)}`,
      why: 'only root can start a program as somebody else',
      fix: advice('run the same with sudo, or leave `user` out: QEMU then runs as you'),
    }),
  },
  'user-no-kvm': {
    kind: 'failed',
    text: ({ user, node, group }) => ({
      what: `${quote(user)} may not open ${printable(node)}`,
      why: 'QEMU runs in software then, slowly, or not at all where the VM has no other accelerator',
      fix: group
        ? sh`sudo usermod --append --groups "$(stat -c %G ${path(node)})" ${user}`
        : sh`sudo setfacl -m u:${user}:rw ${path(node)}`,
    }),
  },
  'drive-denied': {
    kind: 'failed',
    text: ({ file, access, user, closed, uid, gid, mode }) => ({
      what: `${quote(user)} may not ${access} the drive ${quote(file)}`,
      why: `${closed === undefined ? 'it' : `the folder ${quote(closed)}`} belongs to ${uid}:${gid} and has mode 0${mode.toString(8)}`,
      fix:
        closed === undefined ? sh`sudo chown ${user} ${path(file)}` : sh`sudo setfacl -m u:${user}:x ${path(closed)}`,
    }),
  },
  'qemu-not-started': {
    kind: 'failed',
    text: ({ binary, reason }) => ({ what: `${quote(binary)} did not start`, why: printable(reason) }),
  },
  'process-not-ended': {
    kind: 'timeout',
    text: ({ pid, waited }) => ({
      what: `process ${pid} does not end`,
      why: `${waited} ms after SIGKILL it is still there: it waits in the kernel, for a disk or a USB device`,
    }),
  },
  'process-not-ours': {
    kind: 'failed',
    text: ({ pid }) => ({
      what: `process ${pid} can not be ended`,
      why: 'it belongs to another user',
      fix: sh`sudo kill ${pid}`,
    }),
  },
};
