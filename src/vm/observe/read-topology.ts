import { setImmediate as turn } from 'node:timers/promises';
import { Deadline } from '../../base/index.js';
import { fail } from '../../diag/index.js';
import {
  alongside,
  type Capabilities,
  observeTopology,
  type QueryCommand,
  type QueryReply,
  type Reading,
  readCapabilities,
  type Topology,
} from '../../qdev/index.js';
import { QmpCommandError, type QmpCommandName, type QmpConnection } from '../../qmp/index.js';

/**
 * Reads a VM's USB world from QEMU.
 *
 * @throws QmpError when the connection ends or a deadline passes
 */
export async function readTopology(qmp: QmpConnection, signal: AbortSignal): Promise<Topology> {
  return await converse(qmp, observeTopology(qmp.version), signal);
}

/**
 * The same, and in the same batches which device models QEMU has.
 *
 * @param models - QOM types; asking for one loads its module
 */
export async function readTopologyAndModels(
  qmp: QmpConnection,
  models: readonly string[],
  signal: AbortSignal,
): Promise<readonly [Topology, Capabilities]> {
  return await converse(qmp, alongside(observeTopology(qmp.version), readCapabilities(qmp.version, models)), signal);
}

/** Commands that are on their way at once: QEMU takes them one by one, and does not wait for us between them. */
const WINDOW = 64;

/**
 * Bytes that QEMU may send while one reading lasts. The object trees of large machines are some 20 MB.
 */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * A reading asks, this sends. Of each batch a number of commands go out before the first answer is awaited. Between two batches
 * timers and signals have their turn, so that a deadline and Ctrl-C end it whatever QEMU sends.
 *
 * @throws QmpError · QplugError `qmp-wrong-reply`, `qemu-tree-too-large` · the signal's reason
 */
export async function converse<T>(qmp: QmpConnection, questions: Reading<T>, signal: AbortSignal): Promise<T> {
  // a batch has dozens of commands, and the caller's signal is not made for so many listeners
  using together = new Deadline(Number.POSITIVE_INFINITY, signal);
  const before = qmp.bytesReceived;
  let step = questions.next();
  while (step.done !== true) {
    const replies = await askAll(step.value, async (query) => {
      const reply = await ask(qmp, query, together.signal);
      if (qmp.bytesReceived - before > MOST_BYTES) throw tooManyBytes();
      return reply;
    });
    await turn();
    together.signal.throwIfAborted();
    step = questions.next(replies);
  }
  return step.value;
}

function tooManyBytes(): Error {
  return fail('qemu-tree-too-large', { what: 'bytes', limit: MOST_BYTES });
}

/** @returns the replies in the order of the questions. When one fails no more are asked. */
async function askAll(
  questions: readonly QueryCommand[],
  one: (query: QueryCommand) => Promise<QueryReply>,
): Promise<QueryReply[]> {
  const replies: QueryReply[] = [];
  const waiting = questions.entries();
  let failed = false;
  const lane = async (): Promise<void> => {
    for (const [i, query] of waiting) {
      if (failed) return;
      replies[i] = await one(query);
    }
  };
  const lanes = Array.from({ length: Math.min(WINDOW, questions.length) }, () =>
    lane().catch((error: unknown) => {
      failed = true;
      throw error;
    }),
  );
  await Promise.all(lanes);
  return replies;
}

/** What is a command of qplug's own is checked on the way; readings have no others. */
async function ask(qmp: QmpConnection, query: QueryCommand, signal: AbortSignal): Promise<QueryReply> {
  try {
    return { ok: await qmp.execute(query.command as QmpCommandName, query.arguments as never, { signal }) };
  } catch (error) {
    if (error instanceof QmpCommandError) return { error: { class: error.errorClass, desc: error.desc } };
    throw error;
  }
}
