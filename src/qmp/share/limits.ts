/** What one client may take. A client is another program of the same user, and may be wrong or stuck. */
export interface ShareLimits {
  /** Longest message of a client, in bytes. A longer one ends the client. */
  readonly messageBytes: number;
  /** Deepest nesting in a message of a client: as many levels as QEMU itself takes. */
  readonly nesting: number;
  /** Commands of one client that QEMU has at the same time; the next ones wait. */
  readonly inFlight: number;
  /** Commands of one client that wait; then nothing more is read from it. */
  readonly waiting: number;
  /** Bytes of the commands of one client that wait; then nothing more is read from it. */
  readonly waitingBytes: number;
  /** Unread bytes of one client from which on its commands wait. */
  readonly slowBytes: number;
  /** Unread bytes of one client from which on the next message ends the client: events can't wait. */
  readonly unreadBytes: number;
  /** Clients at the same time. */
  readonly clients: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const SHARE_LIMITS: ShareLimits = {
  messageBytes: MIB,
  nesting: 1024,
  inFlight: 8,
  waiting: 64,
  waitingBytes: MIB,
  slowBytes: MIB,
  unreadBytes: 4 * MIB,
  clients: 64,
};
