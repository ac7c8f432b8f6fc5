import type { Duplex } from 'node:stream';
import type { SocketIdentity } from '../../base/index.js';
import type { QmpAddress } from '../address.js';

/** A two-way stream of bytes, as little of it as a connection needs. */
export interface Transport {
  /** Sends text as UTF-8. The text stays in memory until the stream is open, and while the peer does not read. */
  send(text: string): void;
  /** Ends the stream once all text is on its way; cuts the stream off when the peer does not take the text in time. */
  close(): void;
  /** Cuts the stream off at once. */
  destroy(): void;
  /** The socket at our end; undefined when the transport is not a socket of the kernel, or is closed. */
  socket?(): SocketIdentity | undefined;
}

/** What a transport reports to its owner. It calls nothing before `open` has returned, and nothing after `ended`. */
export interface TransportEvents {
  opened(): void;
  data(chunk: Uint8Array): void;
  /** Called exactly once; `error` is what the system said, with its `code` (ENOENT, ECONNRESET, …). */
  ended(error?: Error): void;
}

/** Starts to open a transport, which reports a failure through `ended`. */
export type OpenTransport = (address: QmpAddress, events: TransportEvents) => Transport;

/** Connects a stream of bytes by itself; aborts with the signal, and rejects as connect(2) fails: an error with a `code`. */
export type ConnectStream = (signal: AbortSignal) => Promise<Duplex>;
