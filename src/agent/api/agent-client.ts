import { createConnection } from 'node:net';
import { fail, QplugError } from '../../diag/index.js';
import { agentSocket } from './agent-server.js';

/** The longest answer of an agent, in characters. */
const MAX_ANSWER = 16 * 1024 * 1024;

/**
 * Sends one request to this user's agent, and reads its answers as they come.
 *
 * @param runtime - the user's runtime folder
 * @param request - without an id
 * @param signal - ends the reading, without an error
 * @throws QplugError `agent-not-running` · `agent-lost`: it ended, or sent something else than JSON
 */
export async function* askAgent(
  runtime: string,
  request: object,
  signal: AbortSignal,
): AsyncGenerator<Readonly<Record<string, unknown>>, void, undefined> {
  if (signal.aborted) return;
  const { path } = agentSocket(runtime);
  const socket = createConnection({ path });
  const stop = (): void => void socket.destroy();
  signal.addEventListener('abort', stop, { once: true });
  let isOpen = false;
  try {
    socket.setEncoding('utf8');
    socket.once('connect', () => {
      isOpen = true;
      socket.write(`${JSON.stringify({ id: 1, ...request })}\n`);
    });
    let rest = '';
    for await (const text of socket as AsyncIterable<string>) {
      rest += text;
      // a long answer comes in many pieces: only one of them is worth a search in all of it
      const lines = text.includes('\n') ? rest.split('\n') : [rest];
      rest = lines.pop() ?? '';
      if (rest.length > MAX_ANSWER) throw fail('agent-lost', { socket: path });
      for (const line of lines) yield parseAnswer(line, path);
    }
  } catch (error) {
    if (signal.aborted) return;
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof QplugError || code === undefined) throw error;
    const isAbsent = !isOpen && ['ENOENT', 'ECONNREFUSED'].includes(code);
    throw fail(isAbsent ? 'agent-not-running' : 'agent-lost', { socket: path }, { cause: error });
  } finally {
    signal.removeEventListener('abort', stop);
    socket.destroy();
  }
  if (!signal.aborted) throw fail('agent-lost', { socket: path });
}

function parseAnswer(line: string, socket: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // as below
  }
  throw fail('agent-lost', { socket });
}
