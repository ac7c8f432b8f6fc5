import { setMaxListeners } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { makeOwnFolder, SocketPlace } from '../../base/index.js';
import { fail, QplugError } from '../../diag/index.js';
import { MAX_REQUEST, parseRequest, type RequestId } from './request.js';

/** Clients at once, and bytes that wait for one client: more, and it is cut off. */
const MOST_CLIENTS = 64;
const MOST_WAITING = 4 * 1024 * 1024;

/** Requests of one client that the agent is still answering: `events`, `hold`, `resume`. */
const MOST_OPEN = 16;

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
  readonly #server: Server = createServer();
  /** Undefined if the socket belongs to a service manager, which keeps it after this process. */
  readonly #place: SocketPlace | undefined;
  readonly #stop = new AbortController();

  private constructor(place: SocketPlace | undefined) {
    this.#place = place;
  }

  /**
   * Listens for clients of this user. The socket also shows that an agent runs: there is one for each user, also if two start at once.
   *
   * @param inherited - the descriptor of a listening socket that a service manager handed over; undefined: it makes its own
   * @param signal - ends the start
   * @throws QplugError `agent-runs-already` · `folder-not-ours` · as `SocketPlace.prepare`
   */
  static async listen(
    runtime: string,
    inherited: number | undefined,
    desk: AgentDesk,
    signal: AbortSignal,
  ): Promise<AgentServer> {
    const { folder, path } = agentSocket(runtime);
    makeOwnFolder(runtime);
    if (inherited !== undefined) {
      const made = new AgentServer(undefined);
      await made.#open({ fd: inherited }, desk);
      return made;
    }
    makeOwnFolder(folder);
    try {
      const place = await SocketPlace.prepare(path, signal);
      const made = new AgentServer(place);
      await made.#open({ path: place.bindAt }, desk);
      return made;
    } catch (error) {
      throw isTaken(error) ? fail('agent-runs-already', { socket: path }) : error;
    }
  }

  async #open(at: { readonly fd: number } | { readonly path: string }, desk: AgentDesk): Promise<void> {
    const server = this.#server;
    server.maxConnections = MOST_CLIENTS;
    server.on('connection', (socket) => serve(socket, desk, this.#stop.signal));
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(at, resolve);
      });
      // no descriptor is left for a client: that client ends, and the others go on
      server.on('error', () => undefined);
      this.#place?.publish();
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    // the socket of a later agent stays
    this.#place?.[Symbol.dispose]();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** Whether an error says that another agent listens, or has just begun to. */
function isTaken(error: unknown): boolean {
  return (
    error instanceof QplugError &&
    error.findings.some((one) => one.code === 'share-place-taken' && ['listens', 'new'].includes(one.evidence.there))
  );
}

function serve(socket: Socket, desk: AgentDesk, stop: AbortSignal): void {
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, stop]);
  // each open request listens; that is no leak, but Node.js would warn of one
  setMaxListeners(MOST_OPEN + 2, signal);
  signal.addEventListener('abort', () => socket.destroy(), { once: true });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => ended.abort());
  const answer = (document: object): void => {
    if (socket.destroyed) return;
    socket.write(`${JSON.stringify(document)}\n`);
    // many requests whose answers nobody reads
    if (socket.writableLength > MOST_WAITING) socket.destroy();
  };
  let ready = Promise.resolve();
  let setReady: (() => void) | undefined;
  const becomeReady = (): void => {
    setReady?.();
    setReady = undefined;
  };
  socket.on('drain', becomeReady);
  socket.on('close', becomeReady);
  const client: Client = {
    open: 0,
    answer,
    ready: () => {
      if (!socket.writableNeedDrain || socket.destroyed) return Promise.resolve();
      if (setReady === undefined) ready = new Promise((resolve) => (setReady = resolve));
      return ready;
    },
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
  /** Its requests that are still being answered. */
  open: number;
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
    case 'events': {
      if (client.open >= MOST_OPEN) {
        answer({ id, error: `${MOST_OPEN} requests of this client are still being answered` });
        break;
      }
      client.open++;
      const answered =
        request.do === 'events'
          ? stream(id, desk.events(request.since, signal), request.vm, client)
          : tell(id, desk.hold(request.do === 'hold', signal), answer);
      void answered.finally(() => client.open--);
    }
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
