import { setMaxListeners } from 'node:events';
import { safeJson } from '../../diag/index.js';
import type { ReadyCommand } from './agent-commands.js';
import { type Offer, parseRequest, type RequestId } from './request.js';

/** Requests of one client that the agent is still answering: `events`, `hold`, `resume`, and commands. */
export const MOST_OPEN = 16;

/** Commands that run at once: of one client, and of all clients of a socket. */
const MOST_COMMANDS_OF_CLIENT = 8;
const MOST_COMMANDS = 64;

/** Lines of progress of one command, and characters of each. */
const MOST_PROGRESS = 1000;
const MOST_PROGRESS_LINE = 500;

/** The longest document that is sent, in characters. */
const MOST_DOCUMENT = 8 * 1024 * 1024;

/** What the server asks the agent for. All of it is data for JSON. */
export interface AgentDesk {
  accounts(): object;
  look(): void;
  /** @returns when all devices are back with the host, or with the VMs again */
  hold(isHeld: boolean, signal: AbortSignal): Promise<object>;
  events(since: number | undefined, signal: AbortSignal): AsyncIterable<object>;
}

/** What a socket serves. */
export interface Service extends Offer {
  readonly desk: AgentDesk;
}

/** One client, from the agent's side. */
export interface Client {
  /** Its requests that are still being answered, and how many of them are commands. */
  open: number;
  commands: number;
  /** Sends a line. */
  send(line: string): void;
  /** Resolves when the client has read enough to be sent more, or is gone. */
  ready(): Promise<void>;
  /** Whether it has. */
  readonly isReady: boolean;
}

/** Answers requests of all clients of one socket. */
export class Answerer {
  readonly #service: Service;
  readonly #commands = new Set<Promise<void>>();

  constructor(service: Service) {
    this.#service = service;
  }

  /** Resolves when no command runs any more. */
  async idle(): Promise<void> {
    while (this.#commands.size > 0) await Promise.all(this.#commands);
  }

  /**
   * Answers a line, at once or later; throws nothing.
   *
   * @param signal - aborts when the client is gone, or the agent ends
   */
  answer(line: string, client: Client, signal: AbortSignal): void {
    const { desk } = this.#service;
    const request = parseRequest(line, this.#service);
    const { id } = request;
    if ('wrong' in request) {
      send(client, { id, error: request.wrong });
      return;
    }
    switch (request.do) {
      case 'accounts':
        send(client, { id, ...desk.accounts() });
        break;
      case 'look':
        desk.look();
        send(client, { id, done: true });
        break;
      case 'command':
        this.#begin(id, request.command, client, signal);
        break;
      case 'hold':
      case 'resume':
        opened(id, client, () => tell(id, desk.hold(request.do === 'hold', signal), client));
        break;
      case 'events':
        opened(id, client, () => stream(id, desk.events(request.since, signal), request.vm, client));
    }
  }

  #begin(id: RequestId, command: ReadyCommand, client: Client, signal: AbortSignal): void {
    if (client.commands >= MOST_COMMANDS_OF_CLIENT) {
      send(client, { id, error: `${MOST_COMMANDS_OF_CLIENT} commands of this client are running` });
      return;
    }
    if (this.#commands.size >= MOST_COMMANDS) {
      send(client, { id, error: `${MOST_COMMANDS} commands of all clients are running` });
      return;
    }
    opened(id, client, async () => {
      client.commands++;
      const running = perform(id, command, client, signal);
      this.#commands.add(running);
      await running;
      this.#commands.delete(running);
      client.commands--;
    });
  }
}

function send(client: Client, document: object): void {
  client.send(safeJson(JSON.stringify(document)));
}

/** Counts a request as open until `work` is done. */
function opened(id: RequestId, client: Client, work: () => Promise<void>): void {
  if (client.open >= MOST_OPEN) {
    send(client, { id, error: `${MOST_OPEN} requests of this client are still being answered` });
    return;
  }
  client.open++;
  void work().finally(() => client.open--);
}

/** Runs a command, and answers; throws nothing. */
async function perform(id: RequestId, command: ReadyCommand, client: Client, signal: AbortSignal): Promise<void> {
  // everything that the command waits for listens to this
  const own = AbortSignal.any([signal]);
  setMaxListeners(0, own);
  let told = 0;
  const onProgress = (progress: string): void => {
    if (++told <= MOST_PROGRESS && client.isReady)
      send(client, { id, progress: progress.slice(0, MOST_PROGRESS_LINE) });
  };
  try {
    const { exit, document } = await command.run(own, onProgress);
    client.send(resultLine(id, exit, document));
  } catch (error) {
    send(client, { id, error: messageOf(error) });
  }
}

/** The command is done, whatever becomes of its document. */
function resultLine(id: RequestId, exit: number, document: unknown): string {
  let line: string;
  try {
    line = safeJson(JSON.stringify({ id, exit, document }));
  } catch {
    return JSON.stringify({ id, exit, error: 'the document is nested too deeply to be sent' });
  }
  if (line.length <= MOST_DOCUMENT) return line;
  return JSON.stringify({ id, exit, error: `the document is longer than ${MOST_DOCUMENT} characters` });
}

async function tell(id: RequestId, result: Promise<object>, client: Client): Promise<void> {
  try {
    send(client, { id, ...(await result) });
  } catch (error) {
    send(client, { id, error: messageOf(error) });
  }
}

/** Only events of this VM and of host devices, if a VM is given. */
async function stream(
  id: RequestId,
  events: AsyncIterable<object>,
  vm: string | undefined,
  client: Client,
): Promise<void> {
  for await (const event of events) {
    if (vm === undefined || !('vm' in event) || event.vm === vm) send(client, { id, ...event });
    // meanwhile the log drops what is too old, and this reader learns of it
    await client.ready();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
