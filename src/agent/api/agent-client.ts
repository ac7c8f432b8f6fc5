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

/** What a command came to in the agent, as on the command line with `--json`. */
export interface CommandAnswer {
  readonly exit: number;
  readonly document: Readonly<Record<string, unknown>>;
}

/**
 * Runs a command in this user's agent.
 *
 * @param runtime - the user's runtime folder
 * @param request - the name of the command, and its words and options by name; paths are absolute
 * @param options - `signal`: ends it; then the agent undoes what the command had begun · `onProgress`: receives each line of progress
 * @throws QplugError `agent-refused`: the request is wrong · `agent-not-running` · `agent-lost` · the signal's reason
 */
export async function runInAgent(
  runtime: string,
  request: { readonly do: string; readonly words?: object; readonly options?: object },
  options: { readonly signal: AbortSignal; readonly onProgress?: ((progress: string) => void) | undefined },
): Promise<CommandAnswer> {
  const { signal, onProgress } = options;
  // also without words it is a command, and no request of the agent with the same name
  for await (const answer of askAgent(runtime, { words: {}, ...request }, signal)) {
    const { progress, exit, document, error } = answer;
    if (typeof progress === 'string') onProgress?.(progress);
    else if (typeof error === 'string') throw fail('agent-refused', { command: request.do, reason: error });
    else if (typeof exit === 'number' && typeof document === 'object' && document !== null)
      return { exit, document: document as CommandAnswer['document'] };
    else break;
  }
  signal.throwIfAborted();
  throw fail('agent-lost', { socket: agentSocket(runtime).path });
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
