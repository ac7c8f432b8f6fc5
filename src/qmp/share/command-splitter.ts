/** One message of a client, or why there is none. After `too-large` nothing more is read. */
export type ClientFrame =
  | { readonly text: string; readonly bytes: number }
  | { readonly fault: 'not-json' | 'too-large'; readonly bytes: 0 };

const [NEWLINE, RETURN, TAB, SPACE] = [0x0a, 0x0d, 0x09, 0x20];
const [QUOTE, SINGLE_QUOTE, BACKSLASH] = [0x22, 0x27, 0x5c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
/** The first byte that is in no UTF-8 text; clients send 0xff to end a broken message (docs/interop/qmp-spec, "Forcing the JSON parser"). */
const FIRST_INVALID = 0xfe;

/** A buffer that a large message has made larger than this is dropped after the message. */
const KEPT_BYTES = 64 * 1024;

const NOT_JSON: ClientFrame = { fault: 'not-json', bytes: 0 };

/**
 * Cuts what a client sends into messages as QEMU does it: at the bracket that ends a message, not at the line end, since a client may
 * send no line end, or several messages in one line, or a message of several lines (qobject/json-streamer.c). A control character
 * or 0xff ends a broken message, also in a string.
 */
export class CommandSplitter {
  readonly #limit: number;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  /** The start of the present message: `#held` bytes of `#store`. */
  #store = new Uint8Array(0);
  #held = 0;
  #depth = 0;
  /** The quote that ends the present string; 0 outside of one. */
  #quote = 0;
  #escaped = false;
  /** The rest of a line that began with something else than a message. */
  #skips = false;
  #broken = false;

  /** @param limit - longest message in bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * @param chunk - the next bytes; not kept
   * @returns the messages that are complete now, in order
   */
  push(chunk: Uint8Array): ClientFrame[] {
    const frames: ClientFrame[] = [];
    let start = 0;
    for (let at = 0; at < chunk.length && !this.#broken; at++) {
      const byte = chunk[at] ?? 0;
      if (this.#depth === 0) {
        if (!this.#begins(byte, frames)) continue;
        start = at;
      }
      if (this.#isLexicalError(byte)) {
        this.#reset();
        frames.push(NOT_JSON);
        continue;
      }
      this.#step(byte);
      if (this.#depth === 0) {
        this.#take(chunk.subarray(start, at + 1), frames);
        this.#finish(frames);
      }
    }
    if (this.#depth > 0 && !this.#broken) this.#take(chunk.subarray(start), frames);
    return frames;
  }

  /** Outside of a message. @returns whether one begins with this byte */
  #begins(byte: number, frames: ClientFrame[]): boolean {
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      this.#skips = false;
      return true;
    }
    if (byte === NEWLINE) this.#skips = false;
    else if (!this.#skips && byte !== SPACE && byte !== TAB && byte !== RETURN) {
      frames.push(NOT_JSON);
      // a byte that resets the parser of QEMU stands for itself
      this.#skips = !this.#isLexicalError(byte);
    }
    return false;
  }

  #isLexicalError(byte: number): boolean {
    if (byte >= FIRST_INVALID) return true;
    if (byte >= SPACE) return false;
    return this.#quote !== 0 || (byte !== NEWLINE && byte !== RETURN && byte !== TAB);
  }

  #step(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (this.#quote !== 0) {
      if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === this.#quote) this.#quote = 0;
    } else if (byte === QUOTE || byte === SINGLE_QUOTE) this.#quote = byte;
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.#depth++;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) this.#depth--;
  }

  #take(piece: Uint8Array, frames: ClientFrame[]): void {
    const length = this.#held + piece.length;
    if (length > this.#limit) {
      this.#reset();
      this.#store = new Uint8Array(0);
      this.#broken = true;
      frames.push({ fault: 'too-large', bytes: 0 });
      return;
    }
    if (length > this.#store.length) {
      const larger = new Uint8Array(Math.max(length, this.#store.length * 2));
      larger.set(this.#store.subarray(0, this.#held));
      this.#store = larger;
    }
    this.#store.set(piece, this.#held);
    this.#held = length;
  }

  #finish(frames: ClientFrame[]): void {
    if (this.#broken) return;
    const bytes = this.#held;
    const whole = this.#store.subarray(0, bytes);
    this.#reset();
    try {
      frames.push({ text: this.#decoder.decode(whole), bytes });
    } catch {
      frames.push(NOT_JSON);
    }
    if (this.#store.length > KEPT_BYTES) this.#store = new Uint8Array(0);
  }

  #reset(): void {
    this.#held = 0;
    this.#depth = 0;
    this.#quote = 0;
    this.#escaped = false;
  }
}
