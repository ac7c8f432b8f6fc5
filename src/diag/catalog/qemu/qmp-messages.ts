import type { Text } from '../../finding.js';
import { printable } from '../../printable.js';

/** A value from QEMU of the wrong type. */
interface WrongValue {
  /** The wrong part as a JSON pointer; empty for the whole value. */
  readonly member: string;
  /** Both in words; `received` holds the start of a text from QEMU. */
  readonly expected: string;
  readonly received: string;
}

/** The limits that qplug counts against while it reads a VM's devices. */
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

export const qmpMessages = {
  'qmp-malformed': {
    kind: 'unreachable',
    text: ({
      address,
      encoding,
      received,
    }: {
      address: string;
      encoding: 'json' | 'utf-8';
      received: string;
    }): Text => ({
      what: 'QEMU sent a line that is not a QMP message',
      where: printable(address),
      why: `"${printable(received)}" is ${encoding === 'json' ? 'not a JSON object' : 'not UTF-8'}`,
    }),
  },
  'qmp-message-too-large': {
    kind: 'unreachable',
    text: ({ address, limit }: { address: string; limit: number }): Text => ({
      what: 'QEMU sent a QMP message that is too large',
      where: printable(address),
      why: `no line end within ${limit} bytes`,
    }),
  },
  'qmp-message-too-deep': {
    kind: 'unreachable',
    text: ({ address, limit }: { address: string; limit: number }): Text => ({
      what: 'QEMU sent a QMP message that nests too deeply',
      where: printable(address),
      why: `its arrays and objects nest more than ${limit} levels deep`,
    }),
  },
  /** `address`: undefined if the reader of the reply does not know it. `of`: the object and property that the command asked for. */
  'qmp-wrong-reply': {
    kind: 'unreachable',
    text: ({
      address,
      command,
      of,
      ...wrong
    }: WrongValue & {
      address?: string | undefined;
      command: string;
      of?: string | undefined;
    }): Text => ({
      what: `QEMU broke the protocol: its answer to ${printable(command)} has the wrong type`,
      where: address === undefined ? undefined : printable(address),
      why: `${of === undefined ? '' : `${printable(of, 200)}: `}${mismatch(wrong)}`,
    }),
  },
  'qmp-wrong-event': {
    kind: 'unreachable',
    text: ({ address, event, ...wrong }: WrongValue & { address: string; event: string }): Text => ({
      what: `QEMU broke the protocol: the data of the event ${printable(event)} has the wrong type`,
      where: printable(address),
      why: mismatch(wrong),
    }),
  },
  /** `what`: the count that exceeds `limit`. */
  'qemu-tree-too-large': {
    kind: 'unreachable',
    text: ({ what, limit }: { what: TreeLimit; limit: number }): Text => ({
      what: 'QEMU reports more than any machine has',
      why: `more than ${limit} ${LIMITS[what]}`,
    }),
  },
  'qmp-unsendable': {
    kind: 'usage',
    text: ({ command, problem }: { command: string; problem: string }): Text => ({
      what: `can't send the arguments of ${printable(command)} as JSON`,
      why: printable(problem),
    }),
  },
  'qmp-command-failed': {
    kind: 'failed',
    text: (e: { command: string; class: string; desc: string }): Text => ({
      what: `QEMU refused ${printable(e.command)}`,
      why: e.class === 'GenericError' ? printable(e.desc) : `${printable(e.class)}: ${printable(e.desc)}`,
    }),
  },
  /** `timeout`: ms. */
  'qmp-timeout': {
    kind: 'timeout',
    text: ({ address, command, timeout }: { address: string; command: string; timeout: number }): Text => ({
      what: `QEMU did not answer ${printable(command)} within ${timeout} ms`,
      where: printable(address),
    }),
  },
  'qmp-event-timeout': {
    kind: 'timeout',
    text: ({ address, event, timeout }: { address: string; event: string; timeout: number }): Text => ({
      what: `QEMU did not send the awaited ${printable(event)} within ${timeout} ms`,
      where: printable(address),
    }),
  },
  'qmp-wait-given-up': {
    kind: 'failed',
    text: ({ event }: { event: string }): Text => ({ what: `stopped waiting for ${printable(event)}` }),
  },
  'qmp-unknown-reply': {
    kind: 'failed',
    text: ({ id }: { id: string }): Text => ({
      what: 'QEMU answered a command that was never sent',
      why: `its id is ${printable(id)}`,
    }),
  },
  'qmp-unknown-message': {
    kind: 'failed',
    text: ({ received }: { received: string }): Text => ({
      what: 'QEMU sent a message of an unknown form',
      why: `"${printable(received)}"`,
    }),
  },
  /** `limit`: how many events the queue held. */
  'qmp-events-dropped': {
    kind: 'failed',
    text: ({ dropped, limit }: { dropped: number; limit: number }): Text => ({
      what: `${dropped} QMP event${dropped === 1 ? ' was' : 's were'} lost`,
      why: `nothing read them in time, and the queue holds ${limit}`,
    }),
  },
} as const;

function mismatch({ member, expected, received }: WrongValue): string {
  const whole = `expected ${expected}, got ${printable(received, 200)}`;
  return member === '' ? whole : `at ${printable(member, 200)} ${whole}`;
}
