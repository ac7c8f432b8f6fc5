import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { Deadline } from './deadline.js';
import { inheritedDescriptors } from './inherited-descriptors.js';

/** The user, folder and environment of a program. */
export interface ProgramOptions {
  readonly cwd?: string | undefined;
  /** Default: that of this process. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** Whether it leads a session of its own. */
  readonly detached?: boolean | undefined;
}

/**
 * A program's descriptors 0, 1, 2 and on: /dev/null, a pipe to this process, a descriptor of this process, or `ipc`: the channel of
 * messages between two processes of Node.js, for which Node.js adds its variables to the environment.
 */
export type Given = readonly ('ignore' | 'pipe' | 'ipc' | number)[];

/**
 * Starts a program; no other code does. The program gets only the given descriptors: in place of any other that qplug's caller left open,
 * it gets /dev/null.
 *
 * @param given - default three pipes
 * @returns the child process; its event `error` reports a failed start
 */
export function startProgram(
  file: string,
  args: readonly string[],
  options?: ProgramOptions,
): ChildProcessWithoutNullStreams;
export function startProgram(
  file: string,
  args: readonly string[],
  options: ProgramOptions,
  given: Given,
): ChildProcess;
export function startProgram(
  file: string,
  args: readonly string[],
  options: ProgramOptions = {},
  given: Given = ['pipe', 'pipe', 'pipe'],
): ChildProcess {
  const left = inheritedDescriptors().filter((fd) => (given[fd] ?? 'ignore') === 'ignore');
  const stdio = [...given];
  let nothing: number | undefined;
  try {
    if (left.length > 0) nothing = openSync('/dev/null', constants.O_RDWR);
    for (const fd of left) {
      // with `ignore`, libuv does not change a descriptor beyond the first three
      while (stdio.length < fd) stdio.push('ignore');
      stdio[fd] = nothing ?? 'ignore';
    }
    return spawn(file, [...args], { ...options, stdio });
  } finally {
    if (nothing !== undefined) closeSync(nothing);
  }
}

/** A program's output, and its end. */
export interface ProgramEnd {
  /** Its exit code; null if a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Default maximum of each output, in bytes. */
const MOST_OUTPUT = 1024 * 1024;

/**
 * Runs a program to its end, with no input. Kills a program with too much output, and returns the beginning.
 *
 * @param limits - `timeout`: ms until it is killed; `signal` kills it too; `most`: bytes of each output, default 1 MiB
 * @throws the system's error if it can't be started · `DeadlineReached` · the reason of `signal`
 */
export async function runProgram(
  file: string,
  args: readonly string[],
  options: ProgramOptions,
  limits: { readonly timeout: number; readonly signal?: AbortSignal | undefined; readonly most?: number | undefined },
): Promise<ProgramEnd> {
  using deadline = new Deadline(limits.timeout, limits.signal);
  deadline.signal.throwIfAborted();
  const child = startProgram(file, args, options, ['ignore', 'pipe', 'pipe']);
  const kill = (): void => void child.kill('SIGKILL');
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => {
    const kept: Buffer[] = [];
    let size = 0;
    stream?.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= (limits.most ?? MOST_OUTPUT)) kept.push(chunk);
      else kill();
    });
    return () => Buffer.concat(kept).toString('utf8');
  });
  // its own children may keep the pipes open after its end
  const gaveUp = new Promise<never>((_resolve, reject) => {
    deadline.signal.addEventListener('abort', () => {
      kill();
      for (const stream of [child.stdout, child.stderr]) stream?.destroy();
      reject(deadline.signal.reason);
    });
  });
  const [code] = (await Promise.race([once(child, 'close'), gaveUp])) as [number | null];
  return { code, stdout: stdout?.() ?? '', stderr: stderr?.() ?? '' };
}
