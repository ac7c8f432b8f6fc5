import { setMaxListeners } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { makeOwnFolder, SocketPlace } from '../../base/index.js';
import { fail, QplugError } from '../../diag/index.js';
import type { AgentCommands } from './agent-commands.js';
import { type AgentDesk, Answerer, type Client, MOST_OPEN } from './answer-request.js';
import { ALL_VERBS, LOOKING_VERBS, MAX_REQUEST } from './request.js';

/** Clients at once, and bytes that wait for one client: more, and it is cut off. */
const MOST_CLIENTS = 64;
const MOST_WAITING = 4 * 1024 * 1024;

/** Who else than its owner may enter a folder of a socket for a group. */
const GROUP_ENTERS = 0o010;

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
  readonly #answerer: Answerer;
  readonly #stop = new AbortController();

  private constructor(place: SocketPlace | undefined, answerer: Answerer) {
    this.#place = place;
    this.#answerer = answerer;
  }

  /**
   * Listens for clients of this user. The socket also shows that an agent runs: there is one for each user, also if two start at once.
   *
   * @param inherited - the descriptor of a listening socket that a service manager handed over; undefined: it makes its own
   * @param signal - ends the start
   * @param commands - what clients may run beside the agent's own requests
   * @throws QplugError `agent-runs-already` · `folder-not-ours` · as `SocketPlace.prepare`
   */
  static async listen(
    runtime: string,
    inherited: number | undefined,
    desk: AgentDesk,
    signal: AbortSignal,
    commands?: AgentCommands,
  ): Promise<AgentServer> {
    const { folder, path } = agentSocket(runtime);
    const answerer = new Answerer({ desk, verbs: ALL_VERBS, commands });
    makeOwnFolder(runtime);
    if (inherited !== undefined) {
      const made = new AgentServer(undefined, answerer);
      await made.#open({ fd: inherited });
      return made;
    }
    makeOwnFolder(folder);
    try {
      const place = await SocketPlace.prepare(path, signal);
      const made = new AgentServer(place, answerer);
      await made.#open({ path: place.bindAt });
      return made;
    } catch (error) {
      throw isTaken(error) ? fail('agent-runs-already', { socket: path }) : error;
    }
  }

  /**
   * Listens for clients that may only look: those of the group of the folder that the socket is in.
   *
   * @param at - the path of the socket, in a folder that only its owner can change; or the descriptor of a listening one
   * @param signal - ends the start
   * @param commands - what clients may run; they must change nothing, and read only what all of them may know
   * @throws QplugError `watch-folder-closed` · as `SocketPlace.prepare` and `SocketPlace.publish`
   */
  static async watch(
    at: string | number,
    desk: AgentDesk,
    signal: AbortSignal,
    commands?: AgentCommands,
  ): Promise<AgentServer> {
    const answerer = new Answerer({ desk, verbs: LOOKING_VERBS, commands });
    if (typeof at === 'number') {
      const made = new AgentServer(undefined, answerer);
      await made.#open({ fd: at });
      return made;
    }
    const place = await SocketPlace.prepare(at, signal);
    const { mode, gid } = place.folder;
    if ((mode & GROUP_ENTERS) === 0) {
      place[Symbol.dispose]();
      throw fail('watch-folder-closed', { socket: place.path, mode: mode & 0o7777 });
    }
    const made = new AgentServer(place, answerer);
    await made.#open({ path: place.bindAt }, gid);
    return made;
  }

  /** @param gid - the group whose users may connect; undefined: no group's */
  async #open(at: { readonly fd: number } | { readonly path: string }, gid?: number): Promise<void> {
    const server = this.#server;
    server.maxConnections = MOST_CLIENTS;
    server.on('connection', (socket) => serve(socket, this.#answerer, this.#stop.signal));
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(at, resolve);
      });
      // no descriptor is left for a client: that client ends, and the others go on
      server.on('error', () => undefined);
      this.#place?.publish(gid);
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    // they undo what they had begun
    await this.#answerer.idle();
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

function serve(socket: Socket, answerer: Answerer, stop: AbortSignal): void {
  if (stop.aborted) {
    socket.destroy();
    return;
  }
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, stop]);
  // each open request listens; that is no leak, but Node.js would warn of one
  setMaxListeners(MOST_OPEN + 2, signal);
  signal.addEventListener('abort', () => socket.destroy(), { once: true });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => ended.abort());
  const send = (line: string): void => {
    // many requests whose answers nobody reads
    if (socket.writableLength > MOST_WAITING) socket.destroy();
    if (!socket.destroyed) socket.write(`${line}\n`);
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
    commands: 0,
    send,
    get isReady() {
      return !socket.writableNeedDrain;
    },
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
    for (const line of lines) if (line.length <= MAX_REQUEST) answerer.answer(line, client, signal);
    if (rest.length > MAX_REQUEST || lines.some((line) => line.length > MAX_REQUEST)) {
      send(JSON.stringify({ id: null, error: `a request is longer than ${MAX_REQUEST} characters` }));
      socket.destroySoon();
    }
  });
}
