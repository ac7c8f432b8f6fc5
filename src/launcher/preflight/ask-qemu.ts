import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Deadline, DeadlineReached, runProgram, startProgram, throwIfShort } from '../../base/index.js';
import { fail } from '../../diag/index.js';
import {
  parseQemuVersion,
  type QemuVersion,
  type QueryCommand,
  type QueryReply,
  type Reading,
} from '../../qdev/index.js';
import { environmentOf, type RunAs } from '../process/index.js';

/** Settings of a question to QEMU. */
export interface Asking {
  readonly signal?: AbortSignal | undefined;
  /** ms for the answer. */
  readonly timeout?: number | undefined;
  /** The user to start it as; default the user of qplug. */
  readonly as?: RunAs | undefined;
}

/** ms for QEMU to answer a question about itself, even on a slow machine with a cold disk. */
const TIMEOUT = 10_000;

/**
 * Runs QEMU for an answer about itself; starts no machine.
 *
 * @param binary - path of the program
 * @param args - such as `--version`
 * @returns stdout and stderr, whatever the exit code
 * @throws QplugError `qemu-silent` after `timeout` ms, `qemu-not-executable`; the reason of `signal` if it aborts
 */
export async function askQemu(
  binary: string,
  args: readonly string[],
  { signal, timeout = TIMEOUT, as }: Asking = {},
): Promise<string> {
  const options = { env: plainEnvironment(as), ...whoOf(as) };
  try {
    const { stdout, stderr } = await runProgram(binary, args, options, { timeout, signal });
    return `${stdout}\n${stderr}`;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof DeadlineReached) throw fail('qemu-silent', { binary, timeout }, { cause: error });
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw fail('qemu-not-executable', { binary, reason: error.message }, { cause: error });
  }
}

/** ms for QEMU to answer over QMP. If it does not, qplug asks in another way. */
const READING_TIMEOUT = 3_000;

/** Arguments for a QEMU without a machine that speaks QMP on standard input and output. */
const WITHOUT_MACHINE = [
  ...['-machine', 'none', '-S', '-display', 'none', '-nodefaults', '-no-user-config'],
  ...['-qmp', 'stdio'],
];

/**
 * Starts QEMU without a machine, takes a reading over QMP, and ends it.
 *
 * @param binary - path of the program
 * @param readingOf - the reading for the version of its greeting
 * @returns the result of the reading; undefined if the program did not answer completely, for whatever reason: it is not QEMU, its
 *   build has no machine `none`, it ended by itself, or `timeout` ms passed
 * @throws the reason of `signal` if it aborts · the system's error if it has no descriptors or memory left
 */
export async function readFromQemu<T>(
  binary: string,
  readingOf: (version: QemuVersion) => Reading<T>,
  { signal, timeout = TIMEOUT, as }: Asking = {},
): Promise<T | undefined> {
  using deadline = new Deadline(Math.min(timeout, READING_TIMEOUT), signal);
  deadline.signal.throwIfAborted();
  // Its own process group, so that a QEMU started by a wrapper script ends with it.
  const child = startProgram(binary, WITHOUT_MACHINE, { env: plainEnvironment(as), detached: true, ...whoOf(as) });
  if (child.pid === undefined) {
    // Node has no pipes to it then
    const [error] = await once(child, 'error');
    throwIfShort(error);
    return undefined;
  }
  const ended = once(child, 'close').catch(() => undefined);
  const stop = (): void => endGroup(child.pid);
  deadline.signal.addEventListener('abort', stop);
  // Ignores its messages: an unanswered question stays unknown.
  child.stderr.resume();
  child.stdin.on('error', () => undefined);
  try {
    return await Promise.race([converse(child, readingOf), ended.then(() => undefined)]);
  } finally {
    deadline.signal.removeEventListener('abort', stop);
    stop();
    await ended;
    if (!deadline.reached) deadline.signal.throwIfAborted();
  }
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function converse<T>(
  child: ChildProcessWithoutNullStreams,
  readingOf: (version: QemuVersion) => Reading<T>,
): Promise<T | undefined> {
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const send = ({ command, arguments: args = {} }: QueryCommand): boolean =>
    child.stdin.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
  const version = versionOf(await nextMessage(lines));
  if (version === undefined) return undefined;
  send({ command: 'qmp_capabilities' });
  if ((await nextReply(lines)) === undefined) return undefined;
  const reading = readingOf(version);
  let step = reading.next();
  while (step.done !== true) {
    for (const question of step.value) send(question);
    const replies: QueryReply[] = [];
    while (replies.length < step.value.length) {
      const reply = await nextReply(lines);
      if (reply === undefined) return undefined;
      replies.push(reply);
    }
    step = reading.next(replies);
  }
  return step.value;
}

/** @returns the version in a greeting */
function versionOf(greeting: unknown): QemuVersion | undefined {
  const { major, minor, micro } =
    (greeting as { QMP?: { version?: { qemu?: Record<string, unknown> } } } | undefined)?.QMP?.version?.qemu ?? {};
  return parseQemuVersion(`version ${major}.${minor}.${micro}`);
}

type Lines = AsyncIterator<string>;

/** @returns the next line that is a JSON object; undefined at the end, or if a line is anything else */
async function nextMessage(lines: Lines): Promise<Readonly<Record<string, unknown>> | undefined> {
  const { value, done } = await lines.next();
  if (done === true) return undefined;
  try {
    const message: unknown = JSON.parse(value);
    return typeof message === 'object' && message !== null ? (message as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** @returns the next answer to a command; skips events */
async function nextReply(lines: Lines): Promise<QueryReply | undefined> {
  for (;;) {
    const message = await nextMessage(lines);
    if (message === undefined) return undefined;
    if ('return' in message) return { ok: message['return'] };
    if ('error' in message) return errorOf(message['error']);
    if (!('event' in message)) return undefined;
  }
}

/** @returns QEMU's refusal; undefined if it does not have QEMU's form */
function errorOf(error: unknown): QueryReply | undefined {
  const { class: name, desc } = (error ?? {}) as { readonly class?: unknown; readonly desc?: unknown };
  return typeof name === 'string' && typeof desc === 'string' ? { error: { class: name, desc } } : undefined;
}

function whoOf(as: RunAs | undefined): Partial<Pick<RunAs, 'uid' | 'gid'>> {
  return as === undefined ? {} : { uid: as.uid, gid: as.gid };
}

/** The environment without a locale, so that QEMU's messages are not translated. */
function plainEnvironment(as: RunAs | undefined): NodeJS.ProcessEnv {
  return { ...(as === undefined ? process.env : environmentOf(as)), LC_ALL: 'C' };
}
