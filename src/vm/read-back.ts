import { Deadline } from '../base/index.js';
import { observeTopology, type QueryReply, type Topology } from '../qdev/index.js';
import { QmpCommandError, type QmpConnection } from '../qmp/index.js';

/**
 * Reads a VM's USB world from QEMU: `observeTopology` asks, this sends. Each batch goes out whole before its first answer
 * is awaited.
 *
 * @throws QmpError when the connection ends or a deadline passes
 */
export async function readTopology(qmp: QmpConnection, signal: AbortSignal): Promise<Topology> {
  // a batch has dozens of commands, and the caller's signal is not made for so many listeners
  using together = new Deadline(Number.POSITIVE_INFINITY, signal);
  const questions = observeTopology(qmp.version);
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
