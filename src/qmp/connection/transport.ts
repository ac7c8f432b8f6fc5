import type { SocketIdentity } from '../../base/index.js';
import type { QmpAddress } from '../address.js';

/** A two-way stream of bytes, as little of it as a connection needs. */
export interface Transport {
  /** Sends text as UTF-8. Before the stream is open, and while the peer does not read, it is kept in memory. */
  send(text: string): void;
  /** Ends the stream after what was sent is on its way; cuts it off when the peer does not take it in time. */
  close(): void;
  /** Cuts the stream off at once. */
  destroy(): void;
  /** Which socket our end of it is; undefined where it is none of the kernel's, or is closed. */
  socket?(): SocketIdentity | undefined;
}

/** What a transport tells its owner. Nothing is called before `open` has returned, and nothing after `ended`. */
export interface TransportEvents {
  opened(): void;
  data(chunk: Uint8Array): void;
  /** Called exactly once; `error` is what the system said, with its `code` (ENOENT, ECONNRESET, …). */
  ended(error?: Error): void;
}

/** Starts to open a transport. What goes wrong is told through `ended`. */
export type OpenTransport = (address: QmpAddress, events: TransportEvents) => Transport;
