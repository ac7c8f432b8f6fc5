import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync, type Stats, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fail } from '../diag/index.js';
import { Deadline } from './deadline.js';

const { O_NOCTTY, O_NONBLOCK, O_RDONLY } = constants;

/** ms for the writer of a pipe to write everything. */
const PIPE_TIMEOUT = 60_000;

/** ms between two reads of an empty pipe. */
const READ_INTERVAL = 10;

/** Bytes per read. */
const READ_BYTES = 64 * 1024;

/** A path leads to no regular file, so a read could wait forever or have a side effect. The message is a clause that says what it is. */
export class NoFileError extends Error {
  override readonly name = 'NoFileError';
}

/** Limits of a read. */
export interface ReadLimits {
  /** In bytes. A read returns one more byte of a larger file, so that the caller can detect it. */
  readonly limit: number;
  /** ms for a whole pipe; default a minute. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a file that the user named, within limits, whatever it is: opens it without waiting, and then checks the opened file. Reads a pipe
 * only if the path means one: `/dev/stdin`, `/dev/fd/N`, or the path of a shell's `<(…)`.
 *
 * @returns at most `limit` + 1 bytes, and `size`: the total number, if known
 * @throws NoFileError · QplugError `input-unfinished` · the system's error · the reason of the signal
 */
export async function readNamedFile(
  path: string,
  limits: ReadLimits,
): Promise<{ readonly bytes: Buffer; readonly size: number }> {
  const told = (bytes: Buffer, size = 0) => ({ bytes, size: Math.max(bytes.length, size) });
  if (kindOf(statSync(path), path) === 'input') return told(await readInput(process.stdin, path, limits));
  const file = openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  try {
    const now = fstatSync(file);
    return kindOf(now, path, file) === 'file'
      ? told(readOn(file, limits.limit), now.size)
      : told(await readPipe(file, path, limits));
  } finally {
    closeSync(file);
  }
}

/**
 * Reads a file of qplug's or of the system, which must be a regular file.
 *
 * @returns at most `limit` + 1 bytes
 * @throws NoFileError · the system's error
 */
export function readPlainFile(path: string, limit: number): Buffer {
  refuseOther(statSync(path));
  const file = openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  try {
    refuseOther(fstatSync(file));
    return readOn(file, limit);
  } finally {
    closeSync(file);
  }
}

/**
 * Reads a stream to its end, within limits: standard input, which may be a pipe without a writer. Destroys the stream on failure.
 *
 * @param path - its name, for messages
 * @returns at most `limit` + 1 bytes
 * @throws QplugError `input-unfinished` · the reason of the signal
 */
export async function readInput(
  input: AsyncIterable<Uint8Array | string>,
  path: string,
  limits: ReadLimits,
): Promise<Buffer> {
  const { limit, timeout = PIPE_TIMEOUT, signal } = limits;
  using deadline = new Deadline(timeout, signal);
  const gaveUp = new Promise<never>((_resolve, reject) => {
    const stop = (): void => reject(deadline.signal.reason);
    if (deadline.signal.aborted) stop();
    else deadline.signal.addEventListener('abort', stop, { once: true });
  });
  gaveUp.catch(() => undefined);
  const chunks: Uint8Array[] = [];
  const iterator = input[Symbol.asyncIterator]();
  let isWhole = false;
  try {
    for (let length = 0; length <= limit; ) {
      const { done, value } = await Promise.race([iterator.next(), gaveUp]);
      isWhole = done === true;
      if (isWhole) break;
      const chunk = Buffer.from(value as Uint8Array);
      length += chunk.length;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).subarray(0, limit + 1);
  } catch (error) {
    throw deadline.reached ? fail('input-unfinished', { path, timeout }, { cause: error }) : error;
  } finally {
    // an open input would keep this program from exiting
    if (!isWhole) (input as { destroy?: () => void }).destroy?.();
  }
}

async function readPipe(file: number, path: string, limits: ReadLimits): Promise<Buffer> {
  const { limit, timeout = PIPE_TIMEOUT, signal } = limits;
  using deadline = new Deadline(timeout, signal);
  const chunks: Buffer[] = [];
  for (let length = 0; length <= limit; ) {
    const chunk = await nextOf(file, path, timeout, deadline);
    if (chunk.length === 0) break;
    length += chunk.length;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).subarray(0, limit + 1);
}

async function nextOf(file: number, path: string, timeout: number, deadline: Deadline): Promise<Buffer> {
  const buffer = Buffer.alloc(READ_BYTES);
  for (;;) {
    if (deadline.reached) throw fail('input-unfinished', { path, timeout });
    deadline.signal.throwIfAborted();
    try {
      return buffer.subarray(0, readSync(file, buffer, 0, READ_BYTES, null));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
    await delay(READ_INTERVAL, undefined, { signal: deadline.signal }).catch(() => undefined);
  }
}

function readOn(file: number, limit: number): Buffer {
  const chunks: Buffer[] = [];
  for (let left = limit + 1; left > 0; ) {
    const chunk = Buffer.alloc(Math.min(left, READ_BYTES));
    const bytes = readSync(file, chunk, 0, chunk.length, null);
    if (bytes === 0) break;
    left -= bytes;
    chunks.push(chunk.subarray(0, bytes));
  }
  return Buffer.concat(chunks);
}

const INPUT = /^\/(?:dev\/stdin|dev\/fd\/0|proc\/self\/fd\/0)$/;
const DESCRIPTOR = /^\/(?:dev\/stdin|dev\/fd\/\d+|proc\/(?:self|\d+)\/fd\/\d+)$/;

/** @throws NoFileError if it is neither a regular file nor an intended pipe */
function kindOf(now: Stats, path: string, file?: number): 'file' | 'pipe' | 'input' {
  if (now.isFile()) return 'file';
  if (now.isSocket() && INPUT.test(path)) return 'input';
  // an anonymous pipe is always intended; before the open only the path can show it
  const isNameless = (): boolean => file === undefined || readlinkSync(`/proc/self/fd/${file}`).startsWith('pipe:[');
  if (now.isFIFO() && (DESCRIPTOR.test(path) || isNameless())) return 'pipe';
  throw new NoFileError(whatItIs(now));
}

function refuseOther(now: Stats): void {
  if (!now.isFile()) throw new NoFileError(whatItIs(now));
}

/** @returns the kind of a file that is not regular, as a clause */
export function whatItIs(now: Stats): string {
  if (now.isDirectory()) return 'it is a folder';
  if (now.isFIFO()) return 'it is a named pipe';
  if (now.isSocket()) return 'it is a socket';
  if (now.isBlockDevice()) return 'it is a block device';
  return now.isCharacterDevice() ? 'it is a terminal or another device' : 'it is no file';
}
