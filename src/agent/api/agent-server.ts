import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { knockAt, makeOwnFolder, socketFileOf } from '../../base/index.js';
import { fail } from '../../diag/index.js';
import { MAX_REQUEST, parseRequest, type RequestId } from './request.js';

/** Clients at once, and bytes that wait for one client: more, and it is cut off. */
const MOST_CLIENTS = 64;
const MOST_WAITING = 4 * 1024 * 1024;

/** What the server asks the agent for. All of it is data for JSON. */
export interface AgentDesk {
  accounts(): object;
  look(): void;
  /** @returns when all devices are back with the host, or with the VMs again */
  hold(isHeld: boolean, signal: AbortSignal): Promise<object>;
  events(since: number | undefined, signal: AbortSignal): AsyncIterable<object>;
}

/** The paths of an agent's socket and folder. @param runtime - the runtime folder of its user */
export function agentSocket(runtime: string): { readonly folder: string; readonly path: string } {
  return { folder: `${runtime}/agent`, path: `${runtime}/agent/control.sock` };
}

/**
 * Serves an agent's clients: a line of JSON for each request, and one for each answer. A client that sends nonsense gets an error; one that sends
 * too much or reads too slowly is cut off. No client holds up another one or the agent.
 */
export class AgentServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #path: string;
  readonly #file: string | undefined;
  readonly #stop = new AbortController();

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.#path = path;
    this.#file = socketFileOf(path);
  }

  /**
   * Listens for clients of this user. The socket also shows that an agent runs: there is one for each user.
   *
   * @throws QplugError `agent-runs-already` · `folder-not-ours`
   */
  static async listen(runtime: string, desk: AgentDesk): Promise<AgentServer> {
    const { folder, path } = agentSocket(runtime);
    makeOwnFolder(runtime);
    makeOwnFolder(folder);
    if ((await knockAt(path)) === 'listens') throw fail('agent-runs-already', { socket: path });
    rmSync(path, { force: true });
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, () => resolve());
    });
    chmodSync(path, 0o600);
    const made = new AgentServer(server, path);
    server.maxConnections = MOST_CLIENTS;
    server.on('connection', (socket) => serve(socket, desk, made.#stop.signal));
    return made;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    // the socket of a later agent stays; Node.js removes the path as it closes, whatever is there
    if (socketFileOf(this.#path) !== this.#file) return;
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

function serve(socket: Socket, desk: AgentDesk, stop: AbortSignal): void {
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, stop]);
  signal.addEventListener('abort', () => socket.destroy(), { once: true });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => ended.abort());
  const answer = (document: object): void => {
    if (socket.destroyed) return;
    socket.write(`${JSON.stringify(document)}\n`);
    // many requests whose answers nobody reads
    if (socket.writableLength > MOST_WAITING) socket.destroy();
  };
  const client: Client = {
    answer,
    ready: () =>
      socket.writableNeedDrain
        ? new Promise((resolve) => {
            socket.once('drain', resolve);
            socket.once('close', resolve);
          })
        : Promise.resolve(),
  };
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    rest += text;
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.length <= MAX_REQUEST) answerLine(line, desk, client, signal);
    if (rest.length > MAX_REQUEST || lines.some((line) => line.length > MAX_REQUEST)) {
      answer({ id: null, error: `a request is longer than ${MAX_REQUEST} characters` });
      socket.destroySoon();
    }
  });
}

/** One client, from the agent's side. */
interface Client {
  answer(document: object): void;
  /** Resolves when the client has read enough to be sent more, or is gone. */
  ready(): Promise<void>;
}

function answerLine(line: string, desk: AgentDesk, client: Client, signal: AbortSignal): void {
  const { answer } = client;
  const request = parseRequest(line);
  const { id } = request;
  if ('wrong' in request) {
    answer({ id, error: request.wrong });
    return;
  }
  switch (request.do) {
    case 'accounts':
      answer({ id, ...desk.accounts() });
      break;
    case 'look':
      desk.look();
      answer({ id, done: true });
      break;
    case 'hold':
    case 'resume':
      void tell(id, desk.hold(request.do === 'hold', signal), answer);
      break;
    case 'events':
      void stream(id, desk.events(request.since, signal), request.vm, client);
  }
}

async function tell(id: RequestId, result: Promise<object>, answer: (document: object) => void): Promise<void> {
  try {
    answer({ id, ...(await result) });
  } catch (error) {
    answer({ id, error: error instanceof Error ? error.message : String(error) });
  }
}

/** Only events of this VM and of host devices, if a VM is given. */
async function stream(
  id: RequestId,
  events: AsyncIterable<object>,
  vm: string | undefined,
  { answer, ready }: Client,
): Promise<void> {
  for await (const event of events) {
    if (vm === undefined || !('vm' in event) || event.vm === vm) answer({ id, ...event });
    // meanwhile the log drops what is too old, and this reader learns of it
    await ready();
  }
}
