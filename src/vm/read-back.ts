import { Deadline } from '../base/index.js';
import {
  alongside,
  type Capabilities,
  observeTopology,
  type QueryReply,
  type Reading,
  readCapabilities,
  type Topology,
} from '../qdev/index.js';
import { QmpCommandError, type QmpConnection } from '../qmp/index.js';

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

/** A reading asks, this sends. Each batch goes out whole before its first answer is awaited. */
export async function converse<T>(qmp: QmpConnection, questions: Reading<T>, signal: AbortSignal): Promise<T> {
  // a batch has dozens of commands, and the caller's signal is not made for so many listeners
  using together = new Deadline(Number.POSITIVE_INFINITY, signal);
  let step = questions.next();
  while (step.done !== true) {
    const answers = await Promise.all(
      step.value.map((query) =>
        qmp.executeAny(query.command, query.arguments, { signal: together.signal }).then(accept, refuse),
      ),
    );
    step = questions.next(answers);
  }
  return step.value;
}

function accept(ok: unknown): QueryReply {
  return { ok };
}

function refuse(error: unknown): QueryReply {
  if (error instanceof QmpCommandError) return { error: { class: error.errorClass, desc: error.desc } };
  throw error;
}
