import type { Finding } from '../../diag/index.js';
import type { ShareAccount, ShareCondition } from './share-account.js';
import type { WishedShare } from './wished-share.js';

/** A share that the agent has begun. */
export interface RunningShare {
  readonly vm: string;
  readonly listen: string;
  /** QEMU's socket, and its file at the time of the start. */
  readonly socket: string;
  readonly file: string;
  readonly is: 'starting' | 'up' | 'ending';
}

/** What is known of the tries to start a share. */
export interface ShareAttempt {
  /** What was tried: with another path or socket the pause does not count. */
  readonly key: string;
  /** Failures in a row. */
  readonly failures: number;
  /** The time of the next try, in ms. */
  readonly next: number;
  readonly reason: readonly Finding[];
}

/** The shares at one moment. */
export interface SharesSeen {
  readonly wished: readonly WishedShare[];
  readonly running: readonly RunningShare[];
  /** By VM. */
  readonly attempts: ReadonlyMap<string, ShareAttempt>;
  /** The VMs that the agent is changing: their monitor is in use, perhaps through the share. */
  readonly busy: ReadonlySet<string>;
  /** ms of a clock that never jumps. */
  readonly time: number;
}

/** A share whose QEMU socket is there. */
export type StartableShare = WishedShare & Pick<RunningShare, 'socket' | 'file'>;

export interface ShareDecision {
  readonly start: readonly StartableShare[];
  /** The VMs whose shares to end. */
  readonly end: readonly string[];
  readonly accounts: readonly ShareAccount[];
  /** When to decide again at the latest, in ms of `time`; undefined if only a change can bring work. */
  readonly next: number | undefined;
}

/** @returns the same text for tries of the same share with the same QEMU */
export function attemptKeyOf({ listen, socket, stamp }: Pick<WishedShare, 'listen' | 'socket' | 'stamp'>): string {
  return JSON.stringify([listen, socket, stamp]);
}

/**
 * Decides which shares to start and which to end. A share ends when it is not wished any more, or not at this path, or when another QEMU has
 * taken the place of its VM. One whose QEMU goes ends by itself.
 *
 * Pure: the agent may be killed and started at any moment, and comes to the same shares.
 */
export function decideShares({ wished, running, attempts, busy, time }: SharesSeen): ShareDecision {
  const start: StartableShare[] = [];
  const end: string[] = [];
  const accounts: ShareAccount[] = [];
  const account = ({ vm, listen }: Pick<ShareAccount, 'vm' | 'listen'>, condition: ShareCondition): void =>
    void accounts.push({ vm, listen, condition });
  for (const share of running) {
    const wish = wished.find(({ vm }) => vm === share.vm);
    if (wish !== undefined && isStillRight(share, wish)) {
      account(wish, { is: share.is });
      continue;
    }
    // work that goes through the share ends first: it takes seconds
    const isInUse = busy.has(share.vm) && share.is === 'up';
    if (share.is !== 'ending' && !isInUse) end.push(share.vm);
    account(share, { is: isInUse ? 'up' : 'ending' });
  }
  for (const wish of wished) {
    const { vm, socket, file } = wish;
    if (running.some((one) => one.vm === vm)) continue;
    const attempt = attempts.get(vm);
    if (socket === undefined || file === undefined) account(wish, { is: 'absent' });
    else if (attempt?.key === attemptKeyOf(wish) && attempt.next > time)
      account(wish, { is: 'waiting', reason: attempt.reason, next: attempt.next });
    else if (wish.isOnlyMonitor && busy.has(vm)) account(wish, { is: 'busy' });
    else {
      start.push({ ...wish, socket, file });
      account(wish, { is: 'starting' });
    }
  }
  const times = accounts.flatMap(({ condition }) => ('next' in condition ? condition.next : []));
  return { start, end, accounts, next: times.length === 0 ? undefined : Math.min(...times) };
}

/** While QEMU's socket is not there, the share ends by itself, after its clients have got what QEMU said last. */
function isStillRight({ listen, socket, file, is }: RunningShare, wish: WishedShare): boolean {
  if (is === 'ending' || listen !== wish.listen) return false;
  return wish.socket === undefined || (wish.socket === socket && (wish.file === undefined || wish.file === file));
}
