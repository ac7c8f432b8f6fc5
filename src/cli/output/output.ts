/**
 * What leaves the process: texts, documents and failures come in, and are escaped, written to standard output and standard error, and
 * accounted for.
 */

import { fstatSync, type Stats, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** Bytes that may wait for a reader before what is said on the way is left out. */
const MOST_WAITING = 1024 * 1024;

/** ms, and how often, between two tries to write to something that is no stream and says that it takes nothing now. */
const TRY_EVERY = 10;
const TRIES = 100;

/** Why something could not be written. */
export interface WriteFailure {
  /** errno(3): `ENOSPC`. */
  readonly code: string;
  readonly reason: string | undefined;
}

/**
 * Standard output or standard error of this process: the one place that writes to them. Writing never throws and never waits: what a
 * reader does not take yet is kept (Node writes to pipes, sockets and terminals when they have room), what can't be written is
 * remembered, and nothing more is tried then. So no reader, no full disk and no terminal that is gone has a say in what a command does.
 */
export class Output {
  readonly isTerminal: boolean;
  readonly #descriptor: 1 | 2;
  readonly #stream: NodeJS.WriteStream | undefined;
  readonly #ended = new AbortController();
  #waiting = 0;
  #leftOut = 0;
  #failure: WriteFailure | undefined;
  #whenWritten: (() => void)[] = [];

  constructor(descriptor: 1 | 2) {
    this.#descriptor = descriptor;
    this.isTerminal = isatty(descriptor);
    if (this.isTerminal || isPipe(descriptor)) this.#stream = this.#open(descriptor);
  }

  /** In columns; undefined where it is no terminal, or one that does not know: it says 0. */
  get columns(): number | undefined {
    const columns = this.isTerminal ? this.#stream?.columns : undefined;
    return columns !== undefined && columns > 0 ? columns : undefined;
  }

  /** Whether it is the file with this device and inode, as `JOURNAL_STREAM` has them: `8:4711` (systemd.exec(5)). */
  isFile(devAndIno: string | undefined): boolean {
    if (devAndIno === undefined) return false;
    try {
      const { dev, ino } = fstatSync(this.#descriptor, { bigint: true });
      return devAndIno === `${dev}:${ino}`;
    } catch {
      return false;
    }
  }

  /** Aborts when nothing can be written any more, or nobody reads it. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /**
   * What went wrong. A reader that went away is no failure: it had enough (`| head`), and of a terminal that was closed nobody waits for
   * anything.
   */
  get failure(): WriteFailure | undefined {
    const failure = this.#failure;
    if (failure === undefined || failure.code === 'EPIPE' || failure.code === 'ECONNRESET') return undefined;
    return this.isTerminal && failure.code === 'EIO' ? undefined : failure;
  }

  /** A result: nothing of it is left out. */
  write(text: string): void {
    if (this.#ended.signal.aborted || text === '') return;
    if (this.#stream === undefined) {
      this.#attempt(() => writeWhole(this.#descriptor, text));
      return;
    }
    this.#waiting += 1;
    const written = (error?: Error | null): void => {
      this.#waiting -= 1;
      if (error) this.#fail(error);
      if (this.#waiting === 0) this.#allWritten();
    };
    this.#attempt(() => this.#stream?.write(text, written));
  }

  /** Something that is said on the way: left out, and counted, while a reader has not taken a megabyte of what was said before. */
  tell(text: string): void {
    if ((this.#stream?.writableLength ?? 0) > MOST_WAITING) this.#leftOut += 1;
    else this.write(text);
  }

  /** Resolves when all is written, or nothing more can be; never while a reader takes its time. */
  async written(): Promise<void> {
    while (this.#waiting > 0 && !this.#ended.signal.aborted) {
      await new Promise<void>((resolve) => this.#whenWritten.push(resolve));
    }
  }

  #open(descriptor: 1 | 2): NodeJS.WriteStream {
    const stream = descriptor === 1 ? process.stdout : process.stderr;
    stream.on('error', (error) => this.#fail(error));
    // Node makes terminals wait: one that is stopped (Ctrl-S) would stop us in the middle of what we do
    if (this.isTerminal) (stream as Unblockable)._handle?.setBlocking?.(false);
    return stream;
  }

  #allWritten(): void {
    if (this.#leftOut > 0 && !this.#ended.signal.aborted) {
      const count = this.#leftOut;
      this.#leftOut = 0;
      this.write(
        `… ${count} ${count === 1 ? 'message was' : 'messages were'} left out: nothing read the messages before\n`,
      );
      return;
    }
    for (const resolve of this.#whenWritten.splice(0)) resolve();
  }

  #attempt(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #fail(error: NodeJS.ErrnoException): void {
    this.#failure ??= { code: error.code ?? 'EIO', reason: error.message };
    this.#ended.abort();
    for (const resolve of this.#whenWritten.splice(0)) resolve();
  }
}

/** A part of Node's streams that is not documented; where it is missing, a terminal that is stopped stops us. */
type Unblockable = NodeJS.WriteStream & { readonly _handle?: { setBlocking?(blocking: boolean): unknown } };

/** Whether it may be that nobody reads: pipes and sockets. Node's stream for a file does not go on after a part was written. */
function isPipe(descriptor: number): boolean {
  let stat: Stats;
  try {
    stat = fstatSync(descriptor);
  } catch {
    return false;
  }
  return stat.isFIFO() || stat.isSocket();
}

/** Writes to a file or device. A disk that gets full takes a part first. @throws the system's error */
function writeWhole(descriptor: number, text: string): void {
  const bytes = new TextEncoder().encode(text);
  let tries = 0;
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(descriptor, bytes, at);
      tries = 0;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || ++tries > TRIES) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TRY_EVERY);
    }
  }
}
