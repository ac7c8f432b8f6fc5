import { spawn } from 'node:child_process';

/** How a process ended. */
export interface Finished {
  /** Exit code; null when a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** How long it ran. */
  ms: number;
}

/** How to run a process. */
export interface ExecOptions {
  /** Its standard input; empty when left out. */
  input?: string;
  /** Added to the environment of this process; undefined removes a variable. */
  env?: Record<string, string | undefined>;
  cwd?: string;
  /** User id to run as. */
  uid?: number;
}

/** A running process. */
export interface Running {
  readonly pid: number;
  readonly finished: Promise<Finished>;
  /** Its output so far. */
  stdout(): string;
  stderr(): string;
  kill(signal?: NodeJS.Signals): void;
}

/**
 * Starts a process without a shell.
 *
 * @throws Error when it cannot be started
 */
export async function start(argv: readonly string[], options: ExecOptions = {}): Promise<Running> {
  const [command, ...args] = argv;
  if (command === undefined) throw new Error('nothing to run');
  const begun = performance.now();
  const child = spawn(command, args, {
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined); // it ended without reading
  child.stdin.end(options.input ?? '');
  // Not `close`: a process that it has started may hold its pipes, and go on.
  const finished = new Promise<Finished>((resolve) => {
    child.once('exit', (code, signal) => {
      const done = (): void => resolve({ code, signal, stdout, stderr, ms: performance.now() - begun });
      // Half a second in parts: between them this process reads the output, however late it gets the processor.
      let left = 10;
      const patience = setInterval(() => {
        if (--left > 0) return;
        clearInterval(patience);
        done();
      }, 50);
      child.once('close', () => {
        clearInterval(patience);
        done();
      });
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  return {
    pid: child.pid ?? 0,
    finished,
    stdout: () => stdout,
    stderr: () => stderr,
    kill: (signal) => void child.kill(signal),
  };
}
