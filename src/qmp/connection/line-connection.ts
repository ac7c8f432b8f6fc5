import type { SocketIdentity } from '../../base/index.js';
import type { CloseReason } from '../errors.js';
import type { JsonObject } from '../protocol/index.js';

/** Gets one line as it came, without its line end, and the same parsed. */
export type TakeLine = (line: string, message: JsonObject) => void;

/** A session with one QEMU, negotiated without out-of-band execution, whose owner reads and writes its lines. */
export interface LineConnection extends AsyncDisposable {
  /** QEMU's greeting, as it came. */
  readonly greetingLine: string;
  /** The socket of this process at our end; undefined when it is closed. */
  readonly socket: SocketIdentity | undefined;
  /** Resolves when the connection is over, with the reason. Never rejects. */
  readonly closed: Promise<CloseReason>;
  /** Gives each line from now on to `take`: answers and events. What it throws is an uncaught error. */
  takeLines(take: TakeLine): void;
  /** Sends one line, line end included. Does nothing once the connection is over. */
  sendLine(text: string): void;
  /** Ends the session. Safe to call twice. Resolves when the socket is gone. */
  close(): Promise<void>;
}
