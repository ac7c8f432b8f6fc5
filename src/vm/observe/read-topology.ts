import { setImmediate as turn } from 'node:timers/promises';
import { Deadline } from '../../base/index.js';
import { fail } from '../../diag/index.js';
import {
  alongside,
  type BusDevices,
  type Capabilities,
  observeNamed,
  observeTopology,
  type QueryCommand,
  type QueryReply,
  type Reading,
  readCapabilities,
  type Topology,
} from '../../qdev/index.js';
import { QmpCommandError, type QmpCommandName, type QmpConnection } from '../../qmp/index.js';

/**
 * Reads a VM's USB tree from QEMU.
 *
 * @throws QmpError if the connection ends or a deadline passes
 */
export async function readTopology(qmp: QmpConnection, signal: AbortSignal): Promise<Topology> {
  return await converse(qmp, observeTopology(qmp.version), signal);
}

/** The devices of a VM by bus: all of them, or those that somebody asked for. */
export interface DevicesByBus {
  readonly controllers: readonly BusDevices[];
}

/**
 * Reads the devices with these ids, in one batch; where that leaves something open, the whole tree.
 *
 * @param ids - qdev ids; a QOM path stands for a device without one
 * @throws as `readTopology`
 */
export async function readNamed(
  qmp: QmpConnection,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<DevicesByBus> {
  if (ids.some((id) => id.includes('/'))) return await readTopology(qmp, signal);
  const named = await converse(qmp, observeNamed(ids), signal);
  return named.isComplete ? named : await readTopology(qmp, signal);
}

/**
 * As `readTopology`; also reads, in the same batches, which device models QEMU has.
 *
 * @param models - QOM types; QEMU loads the module of each
 */
export async function readTopologyAndModels(
  qmp: QmpConnection,
  models: readonly string[],
  signal: AbortSignal,
): Promise<readonly [Topology, Capabilities]> {
  return await converse(qmp, alongside(observeTopology(qmp.version), readCapabilities(qmp.version, models)), signal);
}

/** Number of commands sent ahead: QEMU runs them one by one, and need not wait for qplug in between. */
const WINDOW = 64;

/**
 * Bytes that QEMU may send during one reading. The object trees of large machines take about 20 MB.
 */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Sends the commands of a reading, up to `WINDOW` ahead of the answers. Lets timers and signals run between two batches, so that a
 * deadline or Ctrl-C stops it whatever QEMU sends.
 *
 * @throws QmpError · QplugError `qmp-wrong-reply`, `qemu-tree-too-large` · the signal's reason
 */
export async function converse<T>(qmp: QmpConnection, questions: Reading<T>, signal: AbortSignal): Promise<T> {
  // a batch has dozens of commands; Node.js warns about that many listeners on the caller's signal
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

/** @returns the replies in the order of the questions. Stops asking after a failure. */
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

/** Readings use only commands whose replies qplug checks. */
async function ask(qmp: QmpConnection, query: QueryCommand, signal: AbortSignal): Promise<QueryReply> {
  try {
    return { ok: await qmp.execute(query.command as QmpCommandName, query.arguments as never, { signal }) };
  } catch (error) {
    if (error instanceof QmpCommandError) return { error: { class: error.errorClass, desc: error.desc } };
    throw error;
  }
}
