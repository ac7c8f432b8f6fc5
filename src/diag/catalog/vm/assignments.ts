import type { NoEvidence, Text } from '../../finding.js';
import { advice, path, sh } from '../../fix.js';
import { printable } from '../../printable.js';
import { list, quote } from '../words.js';

/** An assignment of a VM, for messages. */
interface Assigned {
  readonly vm: string;
  readonly selector: string;
}

const whyUnreadable = (reason: string): string => {
  if (reason === 'newer') return 'a newer qplug wrote it, and this one does not change it';
  return reason === 'torn' ? 'the file is damaged or incomplete' : printable(reason);
};

/** Two assignments of one device; the first wins. */
interface Contest {
  readonly label: string | undefined;
  readonly winner: Assigned;
  readonly loser: Assigned;
  readonly because: 'specific' | 'older';
}

const nameOf = ({ label, winner }: Contest): string =>
  label === undefined ? quote(winner.selector) : printable(label);

const whyFirst = ({ because, winner, loser }: Contest): string =>
  because === 'older'
    ? 'its assignment is the older one'
    : `${quote(winner.selector)} is more exact than ${quote(loser.selector)}`;

export const assignments = {
  /** `vm`: undefined: the folder of all VMs · `reason`: `newer`, `torn` or the system's */
  'assignments-unreadable': {
    kind: 'failed',
    text: (e: { vm: string | undefined; path: string; reason: string }): Text => ({
      what: `can't read the assignments of ${e.vm === undefined ? 'any VM' : printable(e.vm)}`,
      where: printable(e.path),
      why: whyUnreadable(e.reason),
      fix:
        e.reason === 'newer'
          ? advice('Use the newer qplug')
          : e.reason === 'torn'
            ? [sh`mv ${path(e.path)} ${path(`${e.path}.damaged`)}`, advice('then assign the devices again')]
            : sh`ls -ld ${path(e.path)}`,
    }),
  },
  /** `holder`: the process that changes them, if known. */
  'assignments-busy': {
    kind: 'timeout',
    text: (e: { path: string; holder: number | undefined; timeout: number }): Text => ({
      what: `another qplug process has been changing the assignments for more than ${e.timeout / 1000} s`,
      where: printable(e.path),
      why: e.holder === undefined ? undefined : `it is process ${e.holder}`,
      fix: advice('Repeat the command when that process is done'),
    }),
  },
  'assignments-nowhere': {
    kind: 'usage',
    text: (_: NoEvidence): Text => ({
      what: 'there is no folder for assignments',
      why: 'this user has no home: none of QPLUG_STATE_DIR, XDG_STATE_HOME and HOME is set to an absolute path',
      fix: sh`export QPLUG_STATE_DIR=/var/lib/qplug-$(id -u)`,
    }),
  },
  /** `name`: one that the VM could get. */
  'assign-to-socket': {
    kind: 'usage',
    text: ({ command, socket, name }: { command: string; socket: string; name: string }): Text => ({
      what: `qplug ${printable(command)} needs the name of a VM, which a socket does not have`,
      where: printable(socket),
      why: 'qplug records it for longer than a QEMU and its socket last',
      fix: sh`qplug adopt ${socket} --name ${name}`,
    }),
  },
  /** `lasting`: a selector that matches only this device, if it is plugged in. */
  'assign-to-address': {
    kind: 'usage',
    text: ({ selector, vm, lasting }: { selector: string; vm: string; lasting: string | undefined }): Text => ({
      what: `${quote(selector)} can't be assigned`,
      why: 'a device gets a new number each time it is plugged in, and an assignment lasts longer',
      fix: lasting === undefined ? sh`qplug devices` : sh`qplug assign ${vm} ${lasting}`,
    }),
  },
  'also-invalid': {
    kind: 'usage',
    text: ({ word }: { word: string }): Text => ({
      what: `${quote(word)} names nothing that a device can change into`,
      why: '--also takes 0483:df11 for a product, 2e8a:* for any product of a vendor, class=fe0102 for an interface',
    }),
  },
  'hold-range': {
    kind: 'usage',
    text: ({ value, least, most }: { value: number; least: number; most: number }): Text => ({
      what: `--hold takes ${least} to ${most} whole seconds`,
      why: `${value} is not among them`,
    }),
  },
  'assign-port-form': {
    kind: 'usage',
    text: ({ port }: { port: string }): Text => ({
      what: `${quote(port)} is not a port of a VM`,
      why: 'a port is a number, such as 1, or 2.3 for a port of a hub',
    }),
  },
  /** `nearest`: a similar name of a VM that qplug knows. */
  'vm-unknown-yet': {
    kind: 'not-found',
    text: ({ vm, nearest }: { vm: string; nearest: string | undefined }): Text => ({
      what: `qplug has not seen a VM named ${printable(vm)} yet`,
      why:
        nearest === undefined
          ? 'the assignment is for the first VM of that name'
          : `the assignment is for the first VM of that name; did you mean ${printable(nearest)}?`,
    }),
  },
  /** Two VMs are assigned one device. `label`: undefined if it is not plugged in · `because`: why the winner has it */
  'assigned-to-two': {
    kind: 'ambiguous',
    text: (e: Contest): Text => ({
      what: `${nameOf(e)} is assigned to ${printable(e.winner.vm)} and to ${printable(e.loser.vm)}`,
      why: `${printable(e.winner.vm)} comes first, because ${whyFirst(e)}`,
      fix: sh`qplug unassign ${e.loser.vm} ${e.loser.selector}`,
    }),
  },
  'not-assigned': {
    kind: 'not-found',
    text: ({ vm, word, known }: { vm: string; word: string | undefined; known: readonly string[] }): Text => ({
      what: `${printable(vm)} has no assignment${word === undefined ? '' : ` ${quote(word)}`}`,
      why: known.length === 0 ? undefined : `it has ${list(known)}`,
      fix: sh`qplug assignments`,
    }),
  },
  'unassign-nothing': {
    kind: 'usage',
    text: ({ vm }: { vm: string }): Text => ({
      what: 'qplug unassign needs a selector or the number of an assignment, or --all',
      fix: sh`qplug assignments ${vm}`,
    }),
  },
  'adopt-nameless': {
    kind: 'usage',
    text: ({ socket }: { socket: string }): Text => ({
      what: 'qplug adopt needs a name for the VM: --name NAME',
      fix: sh`qplug adopt ${socket} --name bench`,
    }),
  },
  'adopt-by-pid': {
    kind: 'refused',
    text: ({ word }: { word: string }): Text => ({
      what: `qplug can't adopt ${printable(word)}`,
      why: 'its number is gone when this QEMU ends, and its monitor has no path outside its container',
      fix: [sh`qplug vms`, advice('take container:NAME, or tcp:HOST:PORT of a published port')],
    }),
  },
  'adopt-not-socket': {
    kind: 'refused',
    text: ({ socket }: { socket: string }): Text => ({
      what: 'this is not a socket',
      where: printable(socket),
      why: 'qplug adopt takes the path of a QMP socket, which need not exist yet',
      fix: sh`ls -ld ${path(socket)}`,
    }),
  },
  /** `socket`: of the adopted VM that has the name; undefined: a running VM that qplug started has it. */
  'adopt-name-taken': {
    kind: 'refused',
    text: ({ name, socket }: { name: string; socket: string | undefined }): Text => ({
      what: `the name ${printable(name)} is taken`,
      where: socket === undefined ? undefined : printable(socket),
      why:
        socket === undefined ? 'a running VM that qplug started has it' : 'a VM with this socket was adopted under it',
      fix: socket === undefined ? sh`qplug list` : sh`qplug adopt --forget ${name}`,
    }),
  },
  /** `adopted`: whether a person gave it that name; else qplug started it. */
  'adopt-socket-named': {
    kind: 'refused',
    text: ({ socket, name, adopted }: { socket: string; name: string; adopted: boolean }): Text => ({
      what: `the VM with this socket is named ${printable(name)} already`,
      where: printable(socket),
      why: adopted ? 'it was adopted under this name' : 'qplug started it under this name',
      fix: adopted ? sh`qplug adopt --forget ${name}` : sh`qplug status ${name}`,
    }),
  },
  'not-adopted': {
    kind: 'not-found',
    text: ({ name, known }: { name: string; known: readonly string[] }): Text => ({
      what: `no adopted VM is named ${printable(name)}`,
      why: known.length === 0 ? 'no VM was adopted' : `adopted: ${list(known)}`,
      fix: sh`qplug assignments`,
    }),
  },
  'adopted-vm-away': {
    kind: 'not-found',
    text: ({ name, socket }: { name: string; socket: string }): Text => ({
      what: `the adopted VM ${printable(name)} does not run`,
      where: printable(socket),
      why: 'there is no socket at its path',
      fix: [
        advice('Start its QEMU with a QMP socket there; or, if the socket has another path now:'),
        sh`qplug adopt --forget ${name}`,
      ],
    }),
  },
} as const;
