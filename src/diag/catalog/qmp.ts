import type { Catalog, Text } from '../finding.js';
import { type Advice, advice, type Fix, options, path, sh } from '../fix.js';
import { printable } from '../printable.js';
import { shellWord } from '../shell-word.js';

/** The findings of src/qmp, each with its evidence. `address` is a socket path or `host:port`. */
export interface QmpEvidence {
  'qmp-no-socket': { readonly address: string };
  'qmp-refused': { readonly address: string };
  'qmp-permission': { readonly address: string };
  /** `received`: the start of what came instead of a greeting. */
  'qmp-not-qmp': { readonly address: string; readonly received: string };
  /** `timeout`: ms waited for the greeting; missing when even the queue of waiting clients was full. */
  'qmp-busy': { readonly address: string; readonly timeout?: number | undefined };
  /** The connection ended, or time ran out, between the connect and the answer to `qmp_capabilities`. */
  'qmp-ended-early': { readonly address: string; readonly timeout?: number | undefined };
  'qmp-capabilities-refused': { readonly address: string; readonly class: string; readonly desc: string };
  'qmp-path-too-long': { readonly address: string; readonly bytes: number; readonly limit: number };
  /** `errno`: the system's name for it, as `EHOSTUNREACH`. */
  'qmp-connect-failed': { readonly address: string; readonly errno: string };
  'qmp-malformed': { readonly address: string; readonly encoding: 'json' | 'utf-8'; readonly received: string };
  'qmp-message-too-large': { readonly address: string; readonly limit: number };
  'qmp-message-too-deep': { readonly address: string; readonly limit: number };
  /** `address`: missing where who found it does not know it. `of`: what the command was about, as an object and its property. */
  'qmp-wrong-reply': WrongValue & {
    readonly address?: string | undefined;
    readonly command: string;
    readonly of?: string | undefined;
  };
  'qmp-wrong-event': WrongValue & { readonly address: string; readonly event: string };
  /** `what`: of what there is more than `limit`. */
  'qemu-tree-too-large': { readonly what: TreeLimit; readonly limit: number };
  'qmp-unsendable': { readonly command: string; readonly problem: string };
  'qmp-command-failed': { readonly command: string; readonly class: string; readonly desc: string };
  /** `timeout`: ms. */
  'qmp-timeout': { readonly address: string; readonly command: string; readonly timeout: number };
  'qmp-event-timeout': { readonly address: string; readonly event: string; readonly timeout: number };
  /**
   * `awaited`: the command or event that was waited for. `state`: a command in flight may have been carried out or not.
   * `detail`: errno, the reason in SHUTDOWN, or what broke the protocol.
   */
  'qmp-closed': {
    readonly address: string;
    readonly reason: 'by-us' | 'shutdown' | 'eof' | 'error' | 'protocol';
    readonly awaited: string;
    readonly state: 'in-flight' | 'not-sent' | 'event';
    readonly detail?: string | undefined;
  };
  'qmp-wait-given-up': { readonly event: string };
  'qmp-unknown-reply': { readonly id: string };
  'qmp-unknown-message': { readonly received: string };
  /** `limit`: how many events the queue held. */
  'qmp-events-dropped': { readonly dropped: number; readonly limit: number };
}

/** Something that QEMU said and that has not the type it should have. */
interface WrongValue {
  /** Which part of it, as a JSON pointer; empty for the whole. */
  readonly member: string;
  /** Both in words; `received` holds the start of a text from QEMU. */
  readonly expected: string;
  readonly received: string;
}

/** What of a VM's devices is counted while they are read. */
export type TreeLimit =
  | 'objects'
  | 'levels'
  | 'controllers'
  | 'devices'
  | 'ports'
  | 'hub-ports'
  | 'port-levels'
  | 'name-characters'
  | 'text-characters'
  | 'bytes';

const LIMITS: Readonly<Record<TreeLimit, string>> = {
  objects: 'objects in its tree',
  levels: 'levels in its tree',
  controllers: 'USB controllers',
  devices: 'devices on its USB and PCI buses',
  ports: 'USB ports',
  'hub-ports': 'ports on one hub or controller',
  'port-levels': 'hubs behind each other',
  'name-characters': 'characters in one name',
  'text-characters': 'characters in its list of USB devices',
  bytes: 'bytes in answer to questions about its devices',
};

export const qmpCatalog: Catalog<QmpEvidence> = {
  'qmp-no-socket': {
    kind: 'not-found',
    text: ({ address }) => ({
      what: 'there is no QMP socket',
      where: printable(address),
      why: 'no such file',
      fix: qmpOption(address, 'start QEMU with'),
    }),
  },
  'qmp-refused': {
    kind: 'unreachable',
    text: ({ address }) => ({
      what: 'nobody listens on the QMP socket',
      where: printable(address),
      why: isPath(address) ? 'its QEMU has ended, or the file is no socket' : 'the connection was refused',
      fix: qmpOption(address, 'start QEMU with'),
    }),
  },
  'qmp-permission': {
    kind: 'unreachable',
    text: ({ address }) => ({
      what: 'may not connect to the QMP socket',
      where: printable(address),
      why: 'that takes write permission on the socket and search permission on the folders above it',
      fix: sh`sudo chown "$USER" ${path(address)}`,
    }),
  },
  'qmp-not-qmp': {
    kind: 'unreachable',
    text: ({ address, received }) => ({
      what: 'what answers there does not speak QMP',
      where: printable(address),
      why: /^QEMU .* monitor - type 'help'/.test(received)
        ? "it is QEMU's human monitor (HMP)"
        : `instead of a greeting it sent "${printable(received)}"`,
      fix: isPath(address) ? qmpOption(`${address}.qmp`, 'give QEMU a QMP socket:') : undefined,
    }),
  },
  'qmp-busy': { kind: 'unreachable', text: busy },
  'qmp-ended-early': {
    kind: 'unreachable',
    text: ({ address, timeout }) => ({
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
    text: (e) => ({
      what: 'QEMU refused to begin the QMP session',
      where: printable(e.address),
      why: `${printable(e.class)}: ${printable(e.desc)}`,
    }),
  },
  'qmp-path-too-long': {
    kind: 'usage',
    text: ({ address, bytes, limit }) => ({
      what: 'the path of the QMP socket is too long',
      where: printable(address),
      why: `it has ${bytes} bytes, and a unix socket's path may have ${limit}`,
    }),
  },
  'qmp-connect-failed': {
    kind: 'unreachable',
    text: ({ address, errno }) => ({
      what: 'could not connect to the QMP socket',
      where: printable(address),
      why: printable(errno),
    }),
  },
  'qmp-malformed': {
    kind: 'unreachable',
    text: ({ address, encoding, received }) => ({
      what: 'QEMU sent something that is no QMP message',
      where: printable(address),
      why: `"${printable(received)}" is ${encoding === 'json' ? 'no JSON object' : 'not UTF-8'}`,
    }),
  },
  'qmp-message-too-large': {
    kind: 'unreachable',
    text: ({ address, limit }) => ({
      what: 'QEMU sent a QMP message that is too large',
      where: printable(address),
      why: `no line end within ${limit} bytes`,
    }),
  },
  'qmp-message-too-deep': {
    kind: 'unreachable',
    text: ({ address, limit }) => ({
      what: 'QEMU sent a QMP message that nests too deeply',
      where: printable(address),
      why: `arrays and objects stand within each other in more than ${limit} levels`,
    }),
  },
  'qmp-wrong-reply': {
    kind: 'unreachable',
    text: ({ address, command, of, ...wrong }) => ({
      what: `QEMU broke the protocol: what it answered to ${printable(command)} is not of the right type`,
      where: address === undefined ? undefined : printable(address),
      why: `${of === undefined ? '' : `${printable(of, 200)}: `}${mismatch(wrong)}`,
    }),
  },
  'qmp-wrong-event': {
    kind: 'unreachable',
    text: ({ address, event, ...wrong }) => ({
      what: `QEMU broke the protocol: what came with the event ${printable(event)} is not of the right type`,
      where: printable(address),
      why: mismatch(wrong),
    }),
  },
  'qemu-tree-too-large': {
    kind: 'unreachable',
    text: ({ what, limit }) => ({
      what: 'QEMU tells of more than any machine has',
      why: `more than ${limit} ${LIMITS[what]}`,
    }),
  },
  'qmp-unsendable': {
    kind: 'usage',
    text: ({ command, problem }) => ({
      what: `the arguments of ${printable(command)} cannot be sent as JSON`,
      why: printable(problem),
    }),
  },
  'qmp-command-failed': {
    kind: 'failed',
    text: (e) => ({
      what: `QEMU refused ${printable(e.command)}`,
      why: e.class === 'GenericError' ? printable(e.desc) : `${printable(e.class)}: ${printable(e.desc)}`,
    }),
  },
  'qmp-timeout': {
    kind: 'timeout',
    text: ({ address, command, timeout }) => ({
      what: `QEMU did not answer ${printable(command)} within ${timeout} ms`,
      where: printable(address),
    }),
  },
  'qmp-event-timeout': {
    kind: 'timeout',
    text: ({ address, event, timeout }) => ({
      what: `QEMU did not send the awaited ${printable(event)} within ${timeout} ms`,
      where: printable(address),
    }),
  },
  'qmp-closed': {
    kind: 'unreachable',
    text: (e) => ({
      what: closedBefore(e),
      where: printable(e.address),
      why: closedBecause(e),
    }),
  },
  'qmp-wait-given-up': {
    kind: 'failed',
    text: ({ event }) => ({ what: `the wait for ${printable(event)} was given up` }),
  },
  'qmp-unknown-reply': {
    kind: 'failed',
    text: ({ id }) => ({ what: 'QEMU answered a command that was never sent', why: `its id is ${printable(id)}` }),
  },
  'qmp-unknown-message': {
    kind: 'failed',
    text: ({ received }) => ({ what: 'QEMU sent a message of no known form', why: `"${printable(received)}"` }),
  },
  'qmp-events-dropped': {
    kind: 'failed',
    text: ({ dropped, limit }) => ({
      what: `${dropped} QMP event${dropped === 1 ? ' was' : 's were'} lost`,
      why: `they were not read in time, and the queue holds ${limit}`,
    }),
  },
};

function mismatch({ member, expected, received }: WrongValue): string {
  const whole = `${expected} is meant, and ${printable(received, 200)} came`;
  return member === '' ? whole : `at ${printable(member, 200)} ${whole}`;
}

function busy({ address, timeout }: QmpEvidence['qmp-busy']): Text {
  return {
    what: 'the QMP socket is held by another client',
    where: printable(address),
    why:
      timeout === undefined
        ? 'QEMU serves one client at a time, and others are waiting already'
        : `it took the connection but did not greet within ${timeout} ms; QEMU serves one client at a time`,
    fix: isPath(address) ? busyFix(address) : undefined,
  };
}

/** `ss -x` shows a server's end of each connection with its path, and the inode of the client's end in the last column. */
function busyFix(socket: string): Fix | undefined {
  const more = qmpOption(`${socket}.2`, 'start QEMU with one more:');
  // awk reads backslashes, and ss divides at blanks
  if (shellWord(socket) !== socket) return more;
  return [
    advice('find the holder:'),
    sh`ss -xp | grep -w "$(ss -x | awk -v socket=${socket} '$5 == socket { print $8 }')"`,
    more && advice(`or ${more.advice}`),
  ];
}

function closedBefore({ awaited, state }: QmpEvidence['qmp-closed']): string {
  if (state === 'not-sent') return `${printable(awaited)} was not sent: the QMP connection has ended`;
  return `the QMP connection ended before ${printable(awaited)} ${state === 'event' ? 'came' : 'was answered'}`;
}

function closedBecause({ reason, detail }: QmpEvidence['qmp-closed']): string {
  const more = detail === undefined ? '' : ` (${printable(detail)})`;
  switch (reason) {
    case 'by-us':
      return 'we closed it';
    case 'shutdown':
      return `the VM shut down${more}`;
    case 'eof':
      return 'QEMU closed it; it may have been killed';
    case 'error':
      return `it broke off${more}`;
    case 'protocol':
      return `QEMU broke the protocol${more}`;
  }
}

/** Addresses of paths always have a slash (src/qmp/address.ts). */
function isPath(address: string): boolean {
  return address.includes('/');
}

/** `-qmp …` for an address, with QEMU's doubled commas; undefined where it can't be typed. */
function qmpOption(address: string, lead: string): Advice | undefined {
  const where = isPath(address) ? `unix:${address.replaceAll(',', ',,')}` : `tcp:${address}`;
  return advice(`${lead} `, options`-qmp ${`${where},server=on,wait=off`}`);
}
