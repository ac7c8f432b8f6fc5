/** Why qplug cannot read the stream any further. `received` is the start of what came instead; untrusted. */
export type FrameFault =
  | { readonly fault: 'too-large'; readonly limit: number }
  | { readonly fault: 'too-deep'; readonly limit: number; readonly received: string }
  | { readonly fault: 'not-utf8'; readonly received: string }
  | { readonly fault: 'not-json'; readonly received: string };

/** One line of the stream without its line end, or the fault that ends it. */
export type Frame = { readonly line: string } | { readonly fault: FrameFault };

/** 64 MiB: QEMU's own limit for one message in its input (MAX_TOKEN_SIZE in qobject/json-streamer.c). */
export const DEFAULT_MAX_MESSAGE_BYTES: number = 64 * 1024 * 1024;

const NEWLINE = 0x0a;
/** A buffer that a large message has made larger than this is dropped after the message. */
const KEPT_BYTES = 1024 * 1024;
const EXCERPT_LENGTH = 120;

/**
 * Cuts a byte stream into lines. QEMU ends every message with CR LF and writes no line end inside one, so a line is a
 * message (monitor/qmp.c, qmp_send_response). A line end byte is never part of a longer UTF-8 sequence, so it does not
 * matter where the chunks are cut. The splitter skips blank lines, and returns nothing more after a fault.
 */
export class LineSplitter {
  readonly #limit: number;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  /** The start of a line whose end has not come yet: `#held` bytes of `#store`. */
  #store = new Uint8Array(0);
  #held = 0;
  #broken = false;

  /** @param limit - longest line in bytes */
  constructor(limit: number = DEFAULT_MAX_MESSAGE_BYTES) {
    this.#limit = limit;
  }

  /** The start of the unfinished line, which shows early that this is not QMP; empty when there is none. */
  get unfinished(): string {
    return new TextDecoder().decode(this.#store.subarray(0, Math.min(this.#held, EXCERPT_LENGTH)));
  }

  /**
   * @param chunk - the next bytes; not kept
   * @returns the lines that are complete now, in order
   */
  push(chunk: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    let start = 0;
    while (!this.#broken) {
      const end = chunk.indexOf(NEWLINE, start);
      const piece = chunk.subarray(start, end === -1 ? chunk.length : end);
      if (this.#held + piece.length > this.#limit) {
        this.#break(frames, { fault: 'too-large', limit: this.#limit });
        break;
      }
      if (end === -1) {
        this.#hold(piece);
        break;
      }
      this.#finish(frames, piece);
      start = end + 1;
    }
    return frames;
  }

  #finish(frames: Frame[], piece: Uint8Array): void {
    let bytes = piece;
    if (this.#held > 0) {
      this.#hold(piece);
      bytes = this.#store.subarray(0, this.#held);
      this.#held = 0;
      if (this.#store.length > KEPT_BYTES) this.#store = new Uint8Array(0);
    }
    try {
      const line = this.#decoder.decode(bytes).trim();
      if (line !== '') frames.push({ line });
    } catch {
      this.#break(frames, {
        fault: 'not-utf8',
        received: excerpt(new TextDecoder().decode(bytes.subarray(0, EXCERPT_LENGTH))),
      });
    }
  }

  #hold(piece: Uint8Array): void {
    const length = this.#held + piece.length;
    if (length > this.#store.length) {
      const larger = new Uint8Array(Math.max(length, this.#store.length * 2));
      larger.set(this.#store.subarray(0, this.#held));
      this.#store = larger;
    }
    this.#store.set(piece, this.#held);
    this.#held = length;
  }

  #break(frames: Frame[], fault: FrameFault): void {
    this.#broken = true;
    this.#store = new Uint8Array(0);
    this.#held = 0;
    frames.push({ fault });
  }
}

/** @returns the first 120 characters of text from outside, for a message; still to be wrapped in `printable` */
export function excerpt(text: string): string {
  return text.length > EXCERPT_LENGTH ? `${text.slice(0, EXCERPT_LENGTH)}…` : text;
}
