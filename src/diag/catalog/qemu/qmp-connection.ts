import type { Text } from '../../finding.js';
import { type Advice, advice, type Fix, options, path, sh } from '../../fix.js';
import { printable } from '../../printable.js';
import { shellWord } from '../../shell-word.js';

/** `timeout`: ms that qplug waited for the greeting; undefined if the queue of waiting clients was full. */
interface QmpBusy {
  address: string;
  timeout?: number | undefined;
}

/**
 * `awaited`: the command or event that qplug waited for. `state`: QEMU may have executed a command in flight or not.
 * `detail`: errno, the reason in SHUTDOWN, or what broke the protocol.
 */
interface QmpClosed {
  address: string;
  reason: 'by-us' | 'shutdown' | 'eof' | 'error' | 'protocol';
  awaited: string;
  state: 'in-flight' | 'not-sent' | 'event';
  detail?: string | undefined;
}

export const qmpConnection = {
  'qmp-no-socket': {
    kind: 'not-found',
    text: ({ address }: { address: string }): Text => ({
      what: 'there is no QMP socket',
      where: printable(address),
      why: 'no such file',
      fix: qmpOption(address, 'start QEMU with'),
    }),
  },
  'qmp-refused': {
    kind: 'unreachable',
    text: ({ address }: { address: string }): Text => ({
      what: 'no process listens on the QMP socket',
      where: printable(address),
      why: isPath(address) ? 'its QEMU has ended, or the file is not a socket' : 'the connection was refused',
      fix: qmpOption(address, 'start QEMU with'),
    }),
  },
  'qmp-permission': {
    kind: 'unreachable',
    text: ({ address }: { address: string }): Text => ({
      what: 'you may not connect to the QMP socket',
      where: printable(address),
      why: 'connecting needs write permission on the socket and search permission on the folders above it',
      // chown would follow a link that the other root has in place of the socket
      fix: isInRoot(address) ? undefined : sh`sudo chown "$USER" ${path(address)}`,
    }),
  },
  /** `received`: the start of the text that arrived instead of a greeting. */
  'qmp-not-qmp': {
    kind: 'unreachable',
    text: ({ address, received }: { address: string; received: string }): Text => ({
      what: 'the program that answers does not speak QMP',
      where: printable(address),
      why: /^QEMU .* monitor - type 'help'/.test(received)
        ? "it is QEMU's human monitor (HMP)"
        : `it sent "${printable(received)}" instead of a greeting`,
      fix: isPath(address) ? qmpOption(`${address}.qmp`, 'give QEMU a QMP socket:') : undefined,
    }),
  },
  'qmp-busy': { kind: 'unreachable', text: (e: QmpBusy): Text => busy(e) },
  /** The socket is one of `qplug share`; `timeout`: ms that qplug waited for its turn. */
  'qmp-no-turn': {
    kind: 'unreachable',
    text: ({ address, timeout }: { address: string; timeout: number }): Text => ({
      what: 'another qplug command uses the VM',
      where: printable(address),
      why: `it did not end within ${timeout} ms; qplug's commands go through a share one after another`,
      fix: [advice('find it:'), sh`pgrep -af qplug`],
    }),
  },
  /** The connection ended, or time ran out, between the connect and the answer to `qmp_capabilities`. */
  'qmp-ended-early': {
    kind: 'unreachable',
    text: ({ address, timeout }: { address: string; timeout?: number | undefined }): Text => ({
      what:
        timeout === undefined
          ? 'the QMP connection ended before the session began'
          : `QEMU greeted but did not begin the session within ${timeout} ms`,
      where: printable(address),
      why: timeout === undefined ? 'QEMU is ending, or failed while starting' : 'it is stuck or very busy',
    }),
  },
  'qmp-capabilities-refused': {
    kind: 'unreachable',
    text: (e: { address: string; class: string; desc: string }): Text => ({
      what: 'QEMU refused to begin the QMP session',
      where: printable(e.address),
      why: `${printable(e.class)}: ${printable(e.desc)}`,
    }),
  },
  'qmp-path-too-long': {
    kind: 'usage',
    text: ({ address, bytes, limit }: { address: string; bytes: number; limit: number }): Text => ({
      what: 'the path of the QMP socket is too long',
      where: printable(address),
      why: `it has ${bytes} bytes, and a unix socket's path may have ${limit}`,
    }),
  },
  /** `errno`: the system's name for it, as `EHOSTUNREACH`. */
  'qmp-connect-failed': {
    kind: 'unreachable',
    text: ({ address, errno }: { address: string; errno: string }): Text => ({
      what: 'could not connect to the QMP socket',
      where: printable(address),
      why: printable(errno),
    }),
  },
  'qmp-port-unprotected': {
    kind: 'refused',
    text: ({ address }: { address: string }): Text => ({
      what: 'QMP over TCP has no password: who can connect to this port controls the VM',
      where: printable(address),
      fix: advice('give QEMU a socket instead, or keep the port on 127.0.0.1'),
    }),
  },
  'qmp-closed': {
    kind: 'unreachable',
    text: (e: QmpClosed): Text => ({
      what: closedBefore(e),
      where: printable(e.address),
      why: closedBecause(e),
    }),
  },
} as const;

function busy({ address, timeout }: QmpBusy): Text {
  return {
    what: 'another client holds the QMP socket',
    where: printable(address),
    why:
      timeout === undefined
        ? 'QEMU serves one client at a time, and others are waiting already'
        : `QEMU accepted the connection but sent no greeting within ${timeout} ms; it serves one client at a time`,
    fix: isPath(address) ? busyFix(address) : undefined,
  };
}

/** `ss -x` shows a server's end of each connection with its path, and the inode of the client's end in the last column. */
function busyFix(socket: string): Fix | undefined {
  const more = qmpOption(`${socket}.2`, 'start QEMU with one more:');
  // awk reads backslashes, ss divides at blanks, and shows the path in the view of QEMU
  if (shellWord(socket) !== socket || isInRoot(socket)) return more;
  return [
    advice('find the holder:'),
    sh`ss -xp | grep -w "$(ss -x | awk -v socket=${socket} '$5 == socket { print $8 }')"`,
    more && advice(`or ${more.advice}`),
  ];
}

function closedBefore({ awaited, state }: QmpClosed): string {
  if (state === 'not-sent') return `${printable(awaited)} was not sent: the QMP connection has ended`;
  return `the QMP connection ended before ${printable(awaited)} ${state === 'event' ? 'came' : 'was answered'}`;
}

function closedBecause({ reason, detail }: QmpClosed): string {
  const more = detail === undefined ? '' : ` (${printable(detail)})`;
  switch (reason) {
    case 'by-us':
      return 'qplug closed it';
    case 'shutdown':
      return `the VM shut down${more}`;
    case 'eof':
      return 'QEMU closed it; it may have been killed';
    case 'error':
      return `the connection failed${more}`;
    case 'protocol':
      return `QEMU broke the protocol${more}`;
  }
}

/** All other addresses are ports (src/base/tcp-address.ts). */
function isPath(address: string): boolean {
  return !/^(pid:\d+\/)?tcp:/.test(address);
}

/** A path in the root of another process (proc(5)). */
const ROOT = /^\/+proc\/+\d+\/+root(?=\/)/;

function isInRoot(address: string): boolean {
  return ROOT.test(address);
}

/** `-qmp …` for an address, in the view of QEMU, with its doubled commas; undefined where it can't be typed. */
function qmpOption(address: string, lead: string): Advice | undefined {
  // in its own network too
  const where = isPath(address)
    ? `unix:${address.replace(ROOT, '').replaceAll(',', ',,')}`
    : address.replace(/^pid:\d+\//, '');
  return advice(`${lead} `, options`-qmp ${`${where},server=on,wait=off`}`);
}
