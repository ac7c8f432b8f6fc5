import type { Finding } from '../../diag/index.js';

/** What the agent did about one connector for one VM. */
export interface ConnectorAttempts {
  /** The device's address at that time, as `addressOf` gives it: a device with another address is a new one. */
  readonly address: string;
  /** Failures in a row. */
  readonly failures: number;
  /** The time of the next try, in ms of `Sight.time`; undefined if the last try succeeded. */
  readonly next: number | undefined;
  readonly reason: readonly Finding[];
  /** The times of the latest attaches, as many as show that a connector flaps, in ms of `Sight.time`. */
  readonly attaches: readonly number[];
}

/** By VM and connector: see `attemptKey`. */
export type Attempts = ReadonlyMap<string, ConnectorAttempts>;

/** ms until the second try; each further try doubles it, up to the longest pause. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 60_000;

/** A connector with this many attaches within this time, in ms, is quarantined for as long: its contact may be loose. */
const FLAPPING_ATTACHES = 5;
export const FLAPPING_TIME = 60_000;

export function attemptKey(vm: string, connector: string): string {
  return `${vm}\n${connector}`;
}

/** @returns ms to wait after this many failures in a row: 1, 2, 4 … 60 s */
export function pauseAfter(failures: number): number {
  return Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(failures - 1, 16));
}

/** The result of one try. */
export type Tried =
  | { readonly is: 'attached' | 'freed'; readonly findings: readonly Finding[] }
  | { readonly is: 'checked'; readonly findings: readonly Finding[] }
  | { readonly is: 'failed'; readonly reason: readonly Finding[] };

/** @returns the attempts after one more try */
export function withTry(
  attempts: Attempts,
  { key, address, time }: { readonly key: string; readonly address: string; readonly time: number },
  tried: Tried,
): Attempts {
  const before = attempts.get(key);
  const attaches = before?.attaches ?? [];
  const failures = tried.is === 'failed' ? (before?.address === address ? before.failures : 0) + 1 : 0;
  const now: ConnectorAttempts = {
    address,
    failures,
    next: tried.is === 'failed' ? time + pauseAfter(failures) : undefined,
    reason: tried.is === 'failed' ? tried.reason : [],
    attaches: tried.is === 'attached' ? [...attaches, time].slice(-FLAPPING_ATTACHES) : attaches,
  };
  return new Map(attempts).set(key, now);
}

/** @returns until when a connector is quarantined, in ms of `Sight.time`; undefined if it is not */
export function quarantineOf(attempt: ConnectorAttempts | undefined, time: number): number | undefined {
  const { attaches = [] } = attempt ?? {};
  const [first, last] = [attaches.at(-FLAPPING_ATTACHES), attaches.at(-1)];
  if (first === undefined || last === undefined || last - first >= FLAPPING_TIME) return undefined;
  const until = last + FLAPPING_TIME;
  return time < until ? until : undefined;
}

/** @returns the attempts without those that can no longer decide anything, so that a process that stays does not grow */
export function withoutOld(attempts: Attempts, time: number): Attempts {
  const isRecent = (at: number | undefined): boolean => at !== undefined && time - at < FLAPPING_TIME;
  const kept = [...attempts].filter(([, { attaches, next }]) => isRecent(next) || attaches.some(isRecent));
  return kept.length === attempts.size ? attempts : new Map(kept);
}
