import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { identifyProcess, type ProcessIdentity, rightsOf, startProgram } from '../../base/index.js';
import { fail } from '../../diag/index.js';
import { endProcess } from './end-process.js';
import { type ListeningSockets, listenFor } from './hand-over.js';
import { type LogEnd, makeLog, QemuLog } from './qemu-log.js';
import { environmentOf, type RunAs } from './run-as.js';

/** How a process ended: with a code, or by a signal. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const { O_CREAT, O_NOFOLLOW, O_RDONLY, O_TRUNC } = constants;

/** The program to start. */
export interface StartInput {
  readonly binary: string;
  /** Without the program itself. */
  readonly args: readonly string[];
  /** Receives stdout and stderr; created with mode 0600, of bounded size: see `QemuLog`. */
  readonly logFile: string;
  readonly cwd?: string | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** The user to start it as; default the user of qplug. Another user gets a minimal environment. */
  readonly as?: RunAs | undefined;
  /** Paths of sockets that qplug creates for it and passes as descriptors 3 and on. */
  readonly sockets?: readonly string[] | undefined;
  /** Created empty as its standard input; default /dev/null. */
  readonly markFile?: string | undefined;
  /** Called immediately after the start. If it throws, qplug ends the process. */
  readonly onStart?: ((identity: ProcessIdentity) => void) | undefined;
  /** Applies only before the start; afterwards the caller owns the process. */
  readonly signal?: AbortSignal | undefined;
}

/** A running QEMU. Disposing ends it, by the signals of `endProcess`. */
export interface QemuProcess extends AsyncDisposable {
  readonly pid: number;
  readonly identity: ProcessIdentity | undefined;
  /** Never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** Its last lines of output, safe to print. */
  lastLines(count: number): Promise<readonly string[]>;
  /** Passes its output on, until the signal aborts: see `QemuLog`. */
  follow(onText: (text: string) => void, signal: AbortSignal): Promise<void>;
  /** Lets this program exit while the process continues. */
  leave(): void;
}

/**
 * Starts QEMU in its own session, so that Ctrl-C at a terminal does not reach it: qplug shuts it down instead.
 *
 * @throws QplugError `qemu-not-started` if there is no such program, or qplug can't create the log or a socket, or can't drop the process's
 *   privileges; the reason of `signal`
 */
export async function startQemu(input: StartInput): Promise<QemuProcess> {
  const { binary, args, logFile, cwd, as, env = as === undefined ? process.env : environmentOf(as), signal } = input;
  signal?.throwIfAborted();
  let log: LogEnd | undefined;
  let reader: QemuLog | undefined;
  let mark: FileHandle | undefined;
  let sockets: ListeningSockets | undefined;
  try {
    log = await makeLog(logFile, signal);
    // opened before only QEMU has the pipe: its contents are lost when the last process closes it
    reader = new QemuLog(logFile);
    if (input.markFile !== undefined)
      mark = await open(input.markFile, O_RDONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
    sockets = await listenFor(input.sockets ?? []);
    signal?.throwIfAborted();
    const who = as === undefined ? {} : { uid: as.uid, gid: as.gid };
    const given = [mark?.fd ?? 'ignore', log.descriptor, log.descriptor, ...sockets.descriptors] as const;
    const child = startProgram(binary, args, { ...who, detached: true, cwd, env }, given);
    // Registered before the first wait: a process can end early.
    const exited = new Promise<ProcessExit>((resolve) =>
      child.once('exit', (code, by) => resolve({ code, signal: by })),
    );
    const spawned = once(child, 'spawn');
    const running = new RunningQemu(child, exited, logFile);
    await Promise.all([spawned, told(running, input.onStart)]);
    log.handedOver();
    running.keepLog(reader);
    if (as !== undefined && hasMoreThan(as, running.pid)) {
      await running[Symbol.asyncDispose]();
      throw fail('qemu-not-started', {
        binary,
        reason: `qplug could not take the rights of root from it for ${as.user}`,
      });
    }
    return running;
  } catch (error) {
    reader?.[Symbol.dispose]();
    if (signal?.aborted === true || !(error instanceof Error && 'syscall' in error)) throw error;
    throw fail('qemu-not-started', { binary, reason: error.message }, { cause: error });
  } finally {
    sockets?.[Symbol.dispose]();
    log?.[Symbol.dispose]();
    await mark?.close();
  }
}

/** libuv has started it when `spawn` returns; a failed start has no identity, and its error follows. */
async function told(running: RunningQemu, onStart: StartInput['onStart']): Promise<void> {
  if (running.identity === undefined) return;
  try {
    onStart?.(running.identity);
  } catch (error) {
    await running[Symbol.asyncDispose]();
    throw error;
  }
}

/** In a user namespace that forbids it, libuv does not empty the list of groups, and reports no error. */
function hasMoreThan({ uid, gid }: RunAs, pid: number): boolean {
  const rights = rightsOf(pid);
  if (rights === undefined) return false;
  const { uids, gids, groups } = rights;
  return uids.some((one) => one !== uid) || gids.some((one) => one !== gid) || groups.some((one) => one !== gid);
}

class RunningQemu implements QemuProcess {
  readonly pid: number;
  readonly identity: ProcessIdentity | undefined;
  readonly exited: Promise<ProcessExit>;
  readonly #child: ChildProcess;
  readonly #logFile: string;
  #draining: Disposable | undefined;

  constructor(child: ChildProcess, exited: Promise<ProcessExit>, logFile: string) {
    this.pid = child.pid ?? 0;
    this.identity = identifyProcess(this.pid);
    this.exited = exited;
    this.#child = child;
    this.#logFile = logFile;
  }

  /** Copies its output into its log, until it ends. */
  keepLog(log: QemuLog): void {
    this.#draining = log.keepDraining();
    void this.exited.then(() => {
      this.#draining?.[Symbol.dispose]();
      log.drain();
      log[Symbol.dispose]();
    });
  }

  async lastLines(count: number): Promise<readonly string[]> {
    return lastLogLines(this.#logFile, count);
  }

  async follow(onText: (text: string) => void, signal: AbortSignal): Promise<void> {
    this.#draining?.[Symbol.dispose]();
    using log = new QemuLog(this.#logFile);
    await log.follow(onText, signal);
  }

  leave(): void {
    this.#child.unref();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.identity === undefined) return;
    await endProcess(this.identity);
    await this.exited;
  }
}

/** @returns the last lines of a log, escaped; none if it can't be read */
export function lastLogLines(logFile: string, count: number): readonly string[] {
  using log = new QemuLog(logFile);
  return log.lastLines(count);
}
