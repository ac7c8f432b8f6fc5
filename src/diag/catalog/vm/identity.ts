import type { Text } from '../../finding.js';
import { advice, sh } from '../../fix.js';
import { printable } from '../../printable.js';
import { list } from '../words.js';

export const identity = {
  'vm-not-found': {
    kind: 'not-found',
    text: ({
      target,
      known,
      nearest,
    }: {
      target: string;
      known: readonly string[];
      nearest: string | undefined;
    }): Text => ({
      what: `there is no VM "${printable(target)}"`,
      why:
        known.length === 0
          ? 'no VM that qplug started runs on this host'
          : `running here: ${list(known)}${nearest === undefined ? '' : `; did you mean ${printable(nearest)}?`}`,
      fix: [
        sh`qplug list`,
        advice('for a QEMU that qplug did not start, give the path of its QMP socket: qplug status ./qmp.sock'),
      ],
    }),
  },
  'vm-name-wrong': {
    kind: 'usage',
    text: ({ name }: { name: string }): Text => ({
      what: `\`${printable(name, 80)}\` is not a valid VM name`,
      why: 'a name has 1 to 64 letters, digits, `.`, `-` and `_`, and begins with a letter or digit',
    }),
  },
  'vm-exists': {
    kind: 'refused',
    text: ({ name, pid }: { name: string; pid: number }): Text => ({
      what: `a VM named ${printable(name)} is already running`,
      why: `its QEMU is process ${pid}`,
      fix: sh`qplug shutdown ${name}`,
    }),
  },
  'no-record': {
    kind: 'refused',
    text: ({ vm }: { vm: string }): Text => ({
      what: `qplug did not start ${printable(vm)}`,
      why: 'qplug knows only its QMP socket, not its process',
    }),
  },
  'vm-forgotten': {
    kind: 'not-found',
    text: ({ vm }: { vm: string }): Text => ({
      what: `${printable(vm)} no longer runs; qplug cleared its leftovers away`,
    }),
  },
  /** `pid`: the QEMU of the requested VM, if known. */
  'socket-of-another-vm': {
    kind: 'unreachable',
    text: ({ vm, socket, pid }: { vm: string; socket: string; pid: number | undefined }): Text => ({
      what: `another process answers at the socket of ${printable(vm)}`,
      where: printable(socket),
      why: pid === undefined ? 'its socket was replaced' : `its QEMU is process ${pid}`,
      fix: pid === undefined ? undefined : sh`ps -o pid,user,args -p ${pid}`,
    }),
  },
  /** `file`: the standard input that qplug gave to the QEMU; `pids`: the processes that have it. */
  'start-not-identified': {
    kind: 'failed',
    text: ({ vm, file, pids }: { vm: string; file: string; pids: readonly number[] }): Text => ({
      what: `a start of ${printable(vm)} was interrupted, and qplug can't identify its QEMU process`,
      where: printable(file),
      why: `processes ${pids.join(', ')} have this file as standard input`,
      fix: sh`ps -o pid,user,args -p ${pids.join(',')}`,
    }),
  },
} as const;
