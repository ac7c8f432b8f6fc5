import { askAgent } from '../../../agent/index.js';
import { Deadline } from '../../../base/index.js';
import { QplugError } from '../../../diag/index.js';
import { runtimeDir } from '../../../registry/index.js';
import type { Terminal } from '../../terminal.js';

/** ms for the answer of an agent, which is at the other end of a local socket. */
const ANSWER_TIMEOUT = 5000;

/**
 * Asks this user's agent, if one runs.
 *
 * @param request - without an id
 * @returns its first answer; undefined if no agent of this user runs, or it does not answer
 */
export async function askRunningAgent(
  { env, uid, signal }: Terminal,
  request: object,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  using deadline = new Deadline(ANSWER_TIMEOUT, signal);
  try {
    for await (const answer of askAgent(runtimeDir(env, uid), request, deadline.signal)) return answer;
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
  }
  return undefined;
}
