import type { Text } from '../../finding.js';
import { advice, path, sh } from '../../fix.js';
import { printable } from '../../printable.js';
import { type UntrustedEvidence, whyUntrusted } from '../untrusted-path.js';

/**
 * `there`: what is at the path. `listens`: a socket that a process serves · `unknown`: a socket that this user can't connect to · `other-user`:
 * a socket of another user · `file`: no socket · `new`: it came while qplug started.
 */
interface PlaceTaken {
  socket: string;
  there: 'listens' | 'unknown' | 'other-user' | 'file' | 'new';
}

/** `client`: its number. `reason`: `unread` and `stalled`: it does not read · `too-large`: it sent a message beyond the limit. */
interface ClientDropped {
  client: number;
  reason: 'unread' | 'stalled' | 'too-large';
}

/** How the connection to QEMU ended. */
type WhyShareEnded = 'by-us' | 'shutdown' | 'eof' | 'error' | 'protocol';

export const share = {
  'share-place-taken': {
    kind: 'refused',
    text: ({ socket, there }: PlaceTaken): Text => ({
      what: 'qplug makes no socket where something else is',
      where: printable(socket),
      why: WHAT_IS_THERE[there],
      fix:
        there === 'listens' || there === 'unknown'
          ? [advice('choose another path; if it is a QMP socket, this shows its VM:'), sh`qplug status ${path(socket)}`]
          : [advice('choose another path, or look at what is there:'), sh`ls -l ${path(socket)}`],
    }),
  },
  'share-place-unsafe': {
    kind: 'refused',
    text: ({ socket, ...evidence }: UntrustedEvidence & { socket: string }): Text => ({
      what: 'qplug makes no socket in a folder that other users can change',
      where: printable(socket),
      why: whyUntrusted(evidence),
      fix:
        evidence.fault === 'writable' && (evidence.mode & STICKY) === 0
          ? sh`chmod go-w ${path(evidence.path)}`
          : [advice('make a folder that only you can change:'), sh`mkdir -m 700 ~/qmp`],
    }),
  },
  'share-place-unusable': {
    kind: 'failed',
    text: ({ socket, reason }: { socket: string; reason: string }): Text => ({
      what: 'qplug could not make the socket',
      where: printable(socket),
      why: printable(reason),
    }),
  },
  /** `vm`: the one whose monitor the agent shares at that path. */
  'share-kept-there': {
    kind: 'refused',
    text: ({ socket, vm }: { socket: string; vm: string }): Text => ({
      what: `the agent shares ${printable(vm)} there`,
      where: printable(socket),
      fix: [advice('choose another path, or end that share:'), sh`qplug share ${vm} --end`],
    }),
  },
  'share-not-kept': {
    kind: 'not-found',
    text: ({ vm }: { vm: string }): Text => ({
      what: `the agent keeps no share of ${printable(vm)}`,
      why: 'only qplug share --keep makes such a share; Ctrl-C ends any other',
      fix: sh`qplug assignments`,
    }),
  },
  'share-awaits-agent': {
    kind: 'unreachable',
    text: ({ vm }: { vm: string }): Text => ({
      what: `nobody shares ${printable(vm)} now`,
      why: 'the agent does it, and no agent of this user is running',
      fix: sh`qplug agent`,
    }),
  },
  'share-ended': {
    kind: 'unreachable',
    text: ({ vm, reason }: { vm: string; reason: WhyShareEnded }): Text => ({
      what: `the share of ${printable(vm)} has ended`,
      why: WHY_ENDED[reason],
    }),
  },
  'share-client-dropped': {
    kind: 'failed',
    text: ({ client, reason }: ClientDropped): Text => ({
      what: `client ${client} was disconnected`,
      why: WHY_DROPPED[reason],
    }),
  },
  'share-clients-full': {
    kind: 'refused',
    text: ({ limit }: { limit: number }): Text => ({
      what: 'a client was turned away',
      why: `${limit} clients are connected already`,
    }),
  },
} as const;

/** /tmp has this bit, and is meant to be writable. */
const STICKY = 0o1000;

const WHAT_IS_THERE: Readonly<Record<PlaceTaken['there'], string>> = {
  listens: 'a process listens on a socket there',
  unknown: 'there is a socket that you may not connect to',
  'other-user': 'there is a socket of another user',
  file: 'there is a file or folder that is not a socket',
  new: 'another process has just created a file there',
};

const WHY_ENDED: Readonly<Record<WhyShareEnded, string>> = {
  'by-us': 'qplug closed the connection',
  shutdown: 'QEMU has shut down',
  eof: 'QEMU closed the connection',
  error: 'the connection to QEMU failed',
  protocol: 'QEMU sent what is not QMP',
};

const WHY_DROPPED: Readonly<Record<ClientDropped['reason'], string>> = {
  unread: 'it does not read what QEMU sends',
  stalled: 'it has read nothing for too long',
  'too-large': 'it sent a message that is too large',
};
