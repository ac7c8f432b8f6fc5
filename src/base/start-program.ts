import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { Deadline } from './deadline.js';
import { inheritedDescriptors } from './inherited-descriptors.js';

/** As whom and where a program runs. */
export interface ProgramOptions {
  readonly cwd?: string | undefined;
  /** Default that of this process. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** Whether it leads a session of its own. */
  readonly detached?: boolean | undefined;
}

/** What a program gets as descriptor 0, 1, 2 and on: /dev/null, a pipe to us, or a descriptor of ours. */
export type Given = readonly ('ignore' | 'pipe' | number)[];

/**
 * Starts a program. The one place where this is done, so that it gets the descriptors that it is given and no others: what whoever started
 * this process has left open is replaced by /dev/null.
 *
 * @param given - default three pipes
 * @returns it reports by its event `error` that it could not be started
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
      // libuv leaves a descriptor beyond the first three as it is where it is told to ignore it
      while (stdio.length < fd) stdio.push('ignore');
      stdio[fd] = nothing ?? 'ignore';
    }
    return spawn(file, [...args], { ...options, stdio });
  } finally {
    if (nothing !== undefined) closeSync(nothing);
  }
}

/** What a program said, and how it ended. */
export interface ProgramEnd {
  /** Its exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The most that is kept of each output where nobody says otherwise, in bytes. */
const MOST_OUTPUT = 1024 * 1024;

/**
 * Runs a program to its end, with no input. One that says too much is killed, and its beginning is told.
 *
 * @param limits - `timeout` ms, after which it is killed; `signal` kills it too; `most` bytes of each output, default 1 MiB
 * @throws the system's error where it can't be started · `DeadlineReached` · the reason of `signal`
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
  // what it started may keep the pipes open when it is gone
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
