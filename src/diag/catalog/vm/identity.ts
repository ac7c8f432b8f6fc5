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
      fix: [sh`qplug list`, advice('a QEMU that qplug did not start: qplug vms shows the word for it')],
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
  /** `kind`: the word before the colon. */
  'vm-word-wrong': {
    kind: 'usage',
    text: ({ word, kind }: { word: string; kind: 'tcp' | 'pid' | 'container' }): Text => ({
      what: `"${printable(word)}" names no VM`,
      why: {
        tcp: 'the form is tcp:HOST:PORT, such as tcp:127.0.0.1:4444 or tcp:[::1]:4444, with a port from 1 to 65535',
        pid: 'the form is pid:PID, such as pid:4242, with the number of a QEMU process',
        container:
          'the form is container:NAME, or container:ENGINE/NAME; a name has letters, digits, `_`, `.` and `-`, and begins with a letter or digit',
      }[kind],
      fix: kind === 'tcp' ? undefined : sh`qplug vms`,
    }),
  },
  /** `isThere`: another program runs there. */
  'no-qemu-process': {
    kind: 'not-found',
    text: ({ pid, isThere }: { pid: number; isThere: boolean }): Text => ({
      what: isThere ? `process ${pid} is no QEMU` : `there is no process ${pid}`,
      fix: sh`qplug vms`,
    }),
  },
  'qemu-of-another-user': {
    kind: 'refused',
    text: ({ pid, uid }: { pid: number; uid: number }): Text => ({
      what: `qplug may not look at process ${pid}`,
      why: `it belongs to user ${uid}`,
      fix: sh`sudo qplug status ${`pid:${pid}`}`,
    }),
  },
  /** `has`: the monitors that qplug can't use, in words. */
  'qemu-without-monitor': {
    kind: 'unreachable',
    text: ({ vm, pid, has }: { vm: string; pid: number; has: readonly string[] }): Text => ({
      what: `${printable(vm)} has no QMP monitor that qplug can connect to`,
      where: `process ${pid}`,
      why: has.length === 0 ? 'its command line names none' : `its command line names only ${list(has)}`,
      fix: advice(`start it with one more option: -qmp unix:/run/qmp.sock,server=on,wait=off`),
    }),
  },
  /** `process`: another QEMU that answered; undefined: it is not known who answered. */
  'vm-process-unknown': {
    kind: 'refused',
    text: ({ vm, socket }: { vm: string; socket: string }): Text => ({
      what: `qplug can't find the process of ${printable(vm)} on this host`,
      where: printable(socket),
      why: "a claim on a device needs QEMU's process: it runs on another host, or belongs to another user",
      fix: sh`sudo qplug vms`,
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
