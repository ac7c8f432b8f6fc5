import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DeadlineReached, runProgram } from '../../base/index.js';
import { printable } from '../../diag/index.js';

const { O_APPEND, O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = constants;

/** Maximum size of one part of a log, in bytes; there are two parts, and qplug deletes the older one first. */
const MAX_PART_BYTES = 128 * 1024;

/** Bytes per read: the capacity of a pipe (pipe(7)). */
const READ_BYTES = 64 * 1024;

/** Maximum number of reads in a row, so that endless output does not block qplug for long. */
const MAX_READS = 16;

/** ms for `mkfifo`, even on a slow machine. */
const MKFIFO_TIMEOUT = 10_000;

/** ms between two reads of new output. */
const READ_INTERVAL = 100;

/** Bytes to read from the end of a log for `lastLines`. */
const TAIL_BYTES = 16 * 1024;

/**
 * QEMU's stdout and stderr: two files of bounded size, which keep the newest output.
 *
 * QEMU may be hostile, so it gets no file with which it could fill the disk: it writes into a pipe, and qplug copies the output into the
 * files: first the command that started it, then the watcher, and each command that opens the VM. If none of them runs, QEMU neither
 * blocks nor gets a signal: it has both ends of the nonblocking pipe, and output that does not fit is lost.
 */
export class QemuLog implements Disposable {
  readonly #name: string;
  #folder: number | undefined;
  #pipe: number | undefined;
  #buffer: Buffer | undefined;

  /** @param path - the log's path; the log of a VM that is gone is empty */
  constructor(path: string) {
    this.#name = basename(path);
    this.#folder = opened(dirname(path), O_RDONLY | O_DIRECTORY);
    // held open, so that its contents survive QEMU's end
    this.#pipe = opened(this.#path('.pipe'), O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    if (this.#pipe !== undefined && !fstatSync(this.#pipe).isFIFO()) {
      closeSync(this.#pipe);
      this.#pipe = undefined;
    }
  }

  /** Uses the opened folder: a later VM of the same name has another folder. */
  #path(ending: '' | '.1' | '.pipe'): string {
    return join(`/proc/self/fd/${this.#folder ?? 'none'}`, `${this.#name}${ending}`);
  }

  /** Copies QEMU's new output into the files. @returns the number of bytes; if QEMU writes endlessly, it stops early */
  drain(pieces: number = MAX_READS): number {
    let bytes = 0;
    for (let count = 0; count < pieces; count++) {
      const piece = this.#take();
      if (piece.length === 0) break;
      bytes += piece.length;
      this.#append(piece);
    }
    return bytes;
  }

  #take(): Buffer {
    const none = Buffer.alloc(0);
    if (this.#pipe === undefined) return none;
    this.#buffer ??= Buffer.alloc(READ_BYTES);
    try {
      return this.#buffer.subarray(0, readSync(this.#pipe, this.#buffer, 0, READ_BYTES, null));
    } catch {
      // no output now (EAGAIN)
      return none;
    }
  }

  /** Ignores errors: an unwritable log must not affect anything else. */
  #append(piece: Buffer): void {
    for (const last of [false, true]) {
      try {
        appendTo(this.#path(''), this.#path('.1'), piece);
        return;
      } catch {
        // on a full disk the newest output is worth more
        if (!last) remove(this.#path('.1'));
      }
    }
  }

  /** @returns the last lines, escaped; none if there is no log */
  lastLines(count: number): readonly string[] {
    this.drain();
    const parts = [this.#tailOf('.1'), this.#tailOf('')];
    const tail = Buffer.concat(parts.map(({ bytes }) => bytes)).subarray(-TAIL_BYTES);
    const isCut =
      parts.some((part) => part.isCut) || parts.reduce((sum, { bytes }) => sum + bytes.length, 0) > TAIL_BYTES;
    const lines = tail.toString('utf8').split(/\r?\n/);
    // the first line may be incomplete
    return (isCut ? lines.slice(1) : lines)
      .filter((line) => line.trim() !== '')
      .slice(-count)
      .map((line) => printable(line));
  }

  #tailOf(ending: '' | '.1'): { readonly bytes: Buffer; readonly isCut: boolean } {
    const file = opened(this.#path(ending), O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    if (file === undefined) return { bytes: Buffer.alloc(0), isCut: false };
    try {
      const { size } = fstatSync(file);
      const start = Math.max(0, size - TAIL_BYTES);
      const buffer = Buffer.alloc(size - start);
      return { bytes: buffer.subarray(0, readSync(file, buffer, 0, buffer.length, start)), isCut: start > 0 };
    } finally {
      closeSync(file);
    }
  }

  /**
   * Passes QEMU's output on, from the beginning of the log, until the signal aborts; then the rest.
   *
   * @param onText - receives whole characters, otherwise raw
   * @param signal - aborts when there will be no more output
   */
  async follow(onText: (text: string) => void, signal: AbortSignal): Promise<void> {
    using reader = new Following(this.#path(''));
    const decoder = new TextDecoder();
    for (;;) {
      const last = signal.aborted;
      for (let count = 0; count < MAX_READS; count++) {
        // read by read: a part is restarted at most once between two reads
        const more = this.drain(1);
        reader.readRest((piece) => onText(decoder.decode(piece, { stream: true })));
        if (more === 0) break;
      }
      if (last) return;
      await delay(READ_INTERVAL, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Copies output into the files from now on, until it is disposed of. */
  keepDraining(): Disposable {
    const timer = setInterval(() => this.drain(), READ_INTERVAL).unref();
    return { [Symbol.dispose]: () => clearInterval(timer) };
  }

  [Symbol.dispose](): void {
    for (const one of [this.#folder, this.#pipe]) if (one !== undefined) closeSync(one);
    this.#folder = undefined;
    this.#pipe = undefined;
  }
}

/** Reads a growing file to its end repeatedly, even after a new file has its name. */
class Following implements Disposable {
  readonly #path: string;
  readonly #buffer: Buffer = Buffer.alloc(READ_BYTES);
  #file: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  readRest(onPiece: (piece: Buffer) => void): void {
    this.#readOn(onPiece);
    const now = statSync(this.#path, { throwIfNoEntry: false });
    if (now === undefined || (this.#file !== undefined && fstatSync(this.#file).ino === now.ino)) return;
    this[Symbol.dispose]();
    this.#file = opened(this.#path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    this.#readOn(onPiece);
  }

  #readOn(onPiece: (piece: Buffer) => void): void {
    if (this.#file === undefined) return;
    for (;;) {
      const bytes = readSync(this.#file, this.#buffer, 0, READ_BYTES, null);
      if (bytes === 0) return;
      onPiece(this.#buffer.subarray(0, bytes));
    }
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

/** Appends to the newer part; if that grows too big, makes it the older part first. @throws the system's error */
function appendTo(path: string, older: string, piece: Buffer): void {
  const open = (): number => openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
  let file = open();
  try {
    if (fstatSync(file).size + piece.length > MAX_PART_BYTES) {
      closeSync(file);
      file = -1;
      renameSync(path, older);
      file = open();
    }
    for (let at = 0; at < piece.length; ) at += writeSync(file, piece, at);
  } finally {
    if (file !== -1) closeSync(file);
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // it stays
  }
}

function opened(path: string, flags: number): number | undefined {
  try {
    return openSync(path, flags);
  } catch {
    return undefined;
  }
}

/** The end of a pipe for QEMU's stdout and stderr. */
export interface LogEnd extends Disposable {
  readonly descriptor: number;
  /** Makes the pipe nonblocking again after the start: libuv has made it blocking (uv__process_child_init), for QEMU and for qplug. */
  handedOver(): void;
}

/**
 * Creates the empty log of a new QEMU, and the pipe beside it; each 0600. Deletes the files of an earlier one.
 *
 * @param path - absolute, in a folder that is closed to others
 * @throws the system's error · the reason of `signal`
 */
export async function makeLog(path: string, signal?: AbortSignal): Promise<LogEnd> {
  closeSync(openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600));
  for (const ending of ['.1', '.pipe']) rmSync(`${path}${ending}`, { force: true });
  await makePipe(`${path}.pipe`, signal);
  // both ends: so a writer never gets an error for the lack of a reader
  let end: number | undefined = openSync(`${path}.pipe`, O_RDWR | O_NONBLOCK | O_NOFOLLOW);
  return {
    descriptor: end,
    handedOver: () => {
      if (end === undefined) return;
      // a stream of Node.js makes its descriptor nonblocking, for all processes that share it, and closes it here
      new Socket({ fd: end, readable: false, writable: true }).destroy();
      end = undefined;
    },
    [Symbol.dispose]: () => {
      if (end !== undefined) closeSync(end);
      end = undefined;
    },
  };
}

/** Node.js can't create a named pipe; every system's coreutils have `mkfifo`. */
async function makePipe(path: string, signal: AbortSignal | undefined): Promise<void> {
  const program = ['/usr/bin/mkfifo', '/bin/mkfifo'].find((one) => existsSync(one)) ?? 'mkfifo';
  const options = { cwd: '/', env: { LC_ALL: 'C' } };
  const failed = (reason: string): Error => Object.assign(new Error(reason), { syscall: 'mkfifo' });
  const limits = { timeout: MKFIFO_TIMEOUT, signal };
  const { code, stderr } = await runProgram(program, ['-m', '600', '--', path], options, limits).catch((error) => {
    throw error instanceof DeadlineReached ? failed(`${program} did not end within ${error.timeout / 1000} s`) : error;
  });
  if (code !== 0) throw failed(printable(stderr.trim()));
}
