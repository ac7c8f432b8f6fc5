/** A request of a client: one line of JSON. `id` comes back in each answer. */
export type AgentRequest = { readonly id: RequestId } & (
  | { readonly do: 'accounts' | 'look' | 'hold' | 'resume' }
  | { readonly do: 'events'; readonly since: number | undefined; readonly vm: string | undefined }
);

export type RequestId = string | number | null;

/** A line that is no request, with the reason in words. */
export interface WrongRequest {
  readonly id: RequestId;
  readonly wrong: string;
}

const VERBS = ['accounts', 'look', 'hold', 'resume', 'events'] as const;

/** The longest line of a client, in characters. */
export const MAX_REQUEST: number = 64 * 1024;

/** @returns the request in a line, completely checked, or why it is none */
export function parseRequest(line: string): AgentRequest | WrongRequest {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { id: null, wrong: 'it is not JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { id: null, wrong: 'it is not an object' };
  const { id = null, do: verb, since, vm, ...rest } = value as Record<string, unknown>;
  if (id !== null && typeof id !== 'string' && typeof id !== 'number')
    return { id: null, wrong: '"id" is not a text or a number' };
  const known = VERBS.find((one) => one === verb);
  if (known === undefined) return { id, wrong: `"do" is none of ${VERBS.join(', ')}` };
  if (Object.keys(rest).length > 0) return { id, wrong: 'it has members that no request has' };
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
