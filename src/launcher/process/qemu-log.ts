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

/** The most that one part of a log holds, in bytes; there are two, and the older one goes first. */
const PART = 128 * 1024;

/** Bytes that are taken at once, which is what a pipe holds (pipe(7)). */
const PIECE = 64 * 1024;

/** Pieces that are taken in a row: who writes without end keeps nobody busy for long. */
const MOST_PIECES = 16;

/** ms that `mkfifo` may take, a slow machine included. */
const MKFIFO_TIMEOUT = 10_000;

/** ms between two looks at what was written. */
const LOOK_EVERY = 100;

/** How much of the end of a log is read for `lastLines`, in bytes. */
const TAIL_BYTES = 16 * 1024;

/**
 * What QEMU writes to stdout and stderr: two files of bounded size, the newest kept.
 *
 * QEMU, which may be another user's and hostile, has no file that it could fill the disk with: it writes into a pipe, and qplug moves what is
 * there into the files: whoever started it as long as it runs, then the watcher, and each command that looks at the VM. Where none of
 * them is there QEMU neither blocks nor gets a signal: it has both ends of the pipe, which does not block, and what finds no room is lost.
 */
export class QemuLog implements Disposable {
  readonly #name: string;
  #folder: number | undefined;
  #pipe: number | undefined;
  #buffer: Buffer | undefined;

  /** @param path - of the log; one of a VM that is gone is empty */
  constructor(path: string) {
    this.#name = basename(path);
    this.#folder = opened(dirname(path), O_RDONLY | O_DIRECTORY);
    // held open: what is in it when QEMU has ended can be had as well
    this.#pipe = opened(this.#path('.pipe'), O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    if (this.#pipe !== undefined && !fstatSync(this.#pipe).isFIFO()) {
      closeSync(this.#pipe);
      this.#pipe = undefined;
    }
  }

  /** By the folder as it was opened: a later VM of the same name has another one. */
  #path(ending: '' | '.1' | '.pipe'): string {
    return join(`/proc/self/fd/${this.#folder ?? 'none'}`, `${this.#name}${ending}`);
  }

  /** Moves what QEMU has written since into the files. @returns how many bytes; fewer than there are where QEMU writes without end */
  drain(pieces: number = MOST_PIECES): number {
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
    this.#buffer ??= Buffer.alloc(PIECE);
    try {
      return this.#buffer.subarray(0, readSync(this.#pipe, this.#buffer, 0, PIECE, null));
    } catch {
      // nothing is there now (EAGAIN)
      return none;
    }
  }

  /** A log that can't be written is no reason to do anything else otherwise. */
  #append(piece: Buffer): void {
    for (const last of [false, true]) {
      try {
        appendTo(this.#path(''), this.#path('.1'), piece);
        return;
      } catch {
        // where the disk is full the newest is worth more than what is older
        if (!last) remove(this.#path('.1'));
      }
    }
  }

  /** @returns the last lines, escaped; none when there is no log */
  lastLines(count: number): readonly string[] {
    this.drain();
    const parts = [this.#tailOf('.1'), this.#tailOf('')];
    const tail = Buffer.concat(parts.map(({ bytes }) => bytes)).subarray(-TAIL_BYTES);
    const isCut =
      parts.some((part) => part.isCut) || parts.reduce((sum, { bytes }) => sum + bytes.length, 0) > TAIL_BYTES;
    const lines = tail.toString('utf8').split(/\r?\n/);
    // the first may be cut in the middle
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
   * Hands on what QEMU writes, from the beginning of the log, until told to stop; then what is left.
   *
   * @param onText - gets whole characters, otherwise raw
   * @param signal - tells that nothing more will be written
   */
  async follow(onText: (text: string) => void, signal: AbortSignal): Promise<void> {
    using reader = new Following(this.#path(''));
    const decoder = new TextDecoder();
    for (;;) {
      const last = signal.aborted;
      for (let count = 0; count < MOST_PIECES; count++) {
        // piece by piece: a part is begun anew at most once between two looks
        const more = this.drain(1);
        reader.readRest((piece) => onText(decoder.decode(piece, { stream: true })));
        if (more === 0) break;
      }
      if (last) return;
      await delay(LOOK_EVERY, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Moves what is written into the files from now on, as long as this program runs, until it is disposed of. */
  keepDraining(): Disposable {
    const timer = setInterval(() => this.drain(), LOOK_EVERY).unref();
    return { [Symbol.dispose]: () => clearInterval(timer) };
  }

  [Symbol.dispose](): void {
    for (const one of [this.#folder, this.#pipe]) if (one !== undefined) closeSync(one);
    this.#folder = undefined;
    this.#pipe = undefined;
  }
}

/** Reads a file to its end, again and again, also when a new one has taken its name. */
class Following implements Disposable {
  readonly #path: string;
  readonly #buffer: Buffer = Buffer.alloc(PIECE);
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
      const bytes = readSync(this.#file, this.#buffer, 0, PIECE, null);
      if (bytes === 0) return;
      onPiece(this.#buffer.subarray(0, bytes));
    }
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

/** Appends to one part, which becomes the older one first where it would grow too big. @throws the system's error */
function appendTo(path: string, older: string, piece: Buffer): void {
  const open = (): number => openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
  let file = open();
  try {
    if (fstatSync(file).size + piece.length > PART) {
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

/** The end of a pipe that a QEMU gets as stdout and stderr. */
export interface LogEnd extends Disposable {
  readonly descriptor: number;
  /** To be called when QEMU has it: libuv has made it one that blocks (uv__process_child_init), for QEMU and for us. */
  handedOver(): void;
}

/**
 * Makes the log of a QEMU that is about to be started, empty, and the pipe beside it; each 0600. What an earlier one left there goes.
 *
 * @param path - absolute, in a folder that is closed to others
 * @throws the system's error · the reason of `signal`
 */
export async function makeLog(path: string, signal?: AbortSignal): Promise<LogEnd> {
  closeSync(openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600));
  for (const ending of ['.1', '.pipe']) rmSync(`${path}${ending}`, { force: true });
  await makePipe(`${path}.pipe`, signal);
  // both ends: so nobody who writes into it is ever told that nobody reads
  let end: number | undefined = openSync(`${path}.pipe`, O_RDWR | O_NONBLOCK | O_NOFOLLOW);
  return {
    descriptor: end,
    handedOver: () => {
      if (end === undefined) return;
      // a stream of Node's makes its descriptor one that does not block, which goes for all who share it, and closes it here
      new Socket({ fd: end, readable: false, writable: true }).destroy();
      end = undefined;
    },
    [Symbol.dispose]: () => {
      if (end !== undefined) closeSync(end);
      end = undefined;
    },
  };
}

/** Node can make no named pipe; `mkfifo` is in each system's coreutils. */
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
