import { describe, type Finding, printable } from '../../diag/index.js';

/** A share that is to be kept, and what the agent says of it. Texts are raw. */
export interface ToldShare {
  readonly vm: string;
  readonly listen: string;
  /** As in schemas/agent-status.schema.json; undefined: no agent runs. */
  readonly state: string | undefined;
  /** Why it waits, in words. */
  readonly reason: string | undefined;
}

/** @returns the shares in an agent's answer; text from the socket is untrusted, like all input */
export function readShares(shares: unknown): ToldShare[] {
  return (Array.isArray(shares) ? shares : []).flatMap((one): ToldShare[] => {
    if (typeof one !== 'object' || one === null) return [];
    const { vm, listen, condition } = one as Readonly<Record<string, unknown>>;
    const { is, reason } = (condition ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof vm !== 'string' || typeof listen !== 'string' || typeof is !== 'string') return [];
    return [{ vm, listen, state: is, reason: reasonOf(reason) }];
  });
}

/** @returns one sentence for people */
export function shareSentence({ vm, listen, state, reason }: ToldShare): string {
  const [name, at] = [printable(vm), printable(listen)];
  if (state === 'up') return `${name} is shared at ${at}`;
  if (state === undefined) return `${name} is to be shared at ${at}, as soon as qplug agent runs`;
  const why = state === 'waiting' ? (reason ?? 'the last try failed') : (WORDS[state] ?? printable(state));
  return state === 'ending' ? `${name} is shared at ${at} no longer` : `${name} is to be shared at ${at}: ${why}`;
}

const WORDS: Readonly<Record<string, string>> = {
  starting: 'the agent connects to it',
  busy: 'the agent itself uses its monitor just now',
  absent: 'it does not run',
};

/** @returns the first finding in words; undefined for one that this release does not know */
function reasonOf(findings: unknown): string | undefined {
  const [first] = Array.isArray(findings) ? (findings as readonly Finding[]) : [];
  if (first === undefined) return undefined;
  try {
    const { what, why } = describe(first);
    return why === undefined ? what : `${what}: ${why}`;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return undefined;
  }
}
