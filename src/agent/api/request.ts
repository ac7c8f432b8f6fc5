import type { AgentCommands, ReadyCommand } from './agent-commands.js';

/** A request of a client: one line of JSON. `id` comes back in each answer. */
export type AgentRequest = { readonly id: RequestId } & (
  | { readonly do: 'accounts' | 'look' | 'hold' | 'resume' }
  | { readonly do: 'events'; readonly since: number | undefined; readonly vm: string | undefined }
  | { readonly do: 'command'; readonly command: ReadyCommand }
);

export type RequestId = string | number | null;

/** A line that is no request, with the reason in words. */
export interface WrongRequest {
  readonly id: RequestId;
  readonly wrong: string;
}

/** The agent's own requests. */
export type AgentVerb = (typeof VERBS)[number];

const VERBS = ['accounts', 'look', 'hold', 'resume', 'events'] as const;

/** What the clients of a socket may ask for. */
export interface Offer {
  readonly verbs: readonly AgentVerb[];
  readonly commands?: AgentCommands | undefined;
}

/** All of the agent's own requests. */
export const ALL_VERBS: readonly AgentVerb[] = VERBS;

/** Those that change nothing. */
export const LOOKING_VERBS: readonly AgentVerb[] = ['accounts', 'events'];

/** The longest line of a client, in characters. */
export const MAX_REQUEST: number = 64 * 1024;

/** @returns the request in a line, completely checked, or why it is none */
export function parseRequest(line: string, offer: Offer = { verbs: VERBS }): AgentRequest | WrongRequest {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { id: null, wrong: 'it is not JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { id: null, wrong: 'it is not an object' };
  const { id = null, do: verb, words, options, since, vm, ...rest } = value as Record<string, unknown>;
  if (!isId(id)) return { id: null, wrong: '"id" is not a text or a number' };
  const known = offer.verbs.find((one) => one === verb);
  // `resume` is a request of the agent, and a command that has words
  const isCommand = known === undefined || words !== undefined || options !== undefined;
  const command = isCommand ? offer.commands?.verbs.find((one) => one === verb) : undefined;
  if (command !== undefined && offer.commands !== undefined) {
    if (Object.keys(rest).length > 0 || since !== undefined || vm !== undefined)
      return { id, wrong: 'a command has no other members than "id", "do", "words" and "options"' };
    const understood = offer.commands.understand({ verb: command, words, options });
    return 'wrong' in understood ? { id, wrong: understood.wrong } : { id, do: 'command', command: understood };
  }
  if (known === undefined) return { id, wrong: whyNot(verb, offer) };
  if (Object.keys(rest).length > 0 || words !== undefined || options !== undefined)
    return { id, wrong: 'it has members that no request has' };
  if (known !== 'events') {
    return since === undefined && vm === undefined
      ? { id, do: known }
      : { id, wrong: '"since" and "vm" belong to "events"' };
  }
  if (since !== undefined && !(Number.isSafeInteger(since) && Number(since) >= 0))
    return { id, wrong: '"since" is not a count' };
  if (vm !== undefined && typeof vm !== 'string') return { id, wrong: '"vm" is not a text' };
  return { id, do: known, since: since as number | undefined, vm };
}

/** JSON has numbers that JavaScript has not, and those would come back as another one. */
function isId(id: unknown): id is RequestId {
  return id === null || typeof id === 'string' || (typeof id === 'number' && Number.isFinite(id));
}

function whyNot(verb: unknown, { verbs, commands }: Offer): string {
  const offered = [...verbs, ...(commands?.verbs ?? [])].join(', ');
  const reason = typeof verb === 'string' ? commands?.reasonAgainst(verb) : undefined;
  if (reason !== undefined) return `"do": "${String(verb)}" is not offered on this socket: ${reason}`;
  // all are offered on the socket of the agent's user
  if (verbs.length === VERBS.length) return `"do" is none of ${offered}`;
  const named = typeof verb === 'string' && /^[a-z-]{1,40}$/.test(verb) ? `: "${verb}"` : '';
  return `"do"${named} is not offered on this socket, which offers ${offered}`;
}
