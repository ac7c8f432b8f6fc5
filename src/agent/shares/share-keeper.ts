import type { HostAccess } from '../../access/index.js';
import { type Finding, finding, QplugError } from '../../diag/index.js';
import { shareVm } from '../../vm/index.js';
import { pauseAfter } from '../decide/index.js';
import {
  attemptKeyOf,
  decideShares,
  type ShareAttempt,
  type ShareDecision,
  type StartableShare,
} from './decide-shares.js';
import type { WishedShare } from './wished-share.js';

/** ms for one try to get QEMU's socket, on which another client may be. */
const START_TIMEOUT = 5000;

/** ms after which a share that ends counts as one that worked. */
const LONG_LIVED = 60_000;

/** What a keeper of shares tells the agent. */
export interface KeeperReports {
  /** A share came up or ended: it is time to look again. */
  changed(): void;
  findings(found: readonly Finding[]): void;
  /** A mistake of ours. */
  fault(error: unknown): void;
}

interface Kept {
  readonly share: StartableShare;
  is: 'starting' | 'up' | 'ending';
  readonly stop: AbortController;
  ended: Promise<void>;
}

/** Keeps the shares that are wished. It waits for no VM: each share starts, serves and ends beside the others. */
export class ShareKeeper implements AsyncDisposable {
  readonly #host: HostAccess;
  readonly #reports: KeeperReports;
  readonly #kept = new Map<string, Kept>();
  readonly #attempts = new Map<string, ShareAttempt>();

  constructor(host: HostAccess, reports: KeeperReports) {
    this.#host = host;
    this.#reports = reports;
  }

  /**
   * Starts and ends shares, so that those are there that are wished.
   *
   * @param busy - the VMs that the agent is changing
   */
  follow(wished: readonly WishedShare[], busy: ReadonlySet<string>): Pick<ShareDecision, 'accounts' | 'next'> {
    for (const vm of this.#attempts.keys()) if (!wished.some((one) => one.vm === vm)) this.#attempts.delete(vm);
    const running = [...this.#kept.values()].map(({ share: { vm, listen, socket, file }, is }) => ({
      ...{ vm, listen, socket, file, is },
    }));
    const { start, end, ...told } = decideShares({
      ...{ wished, running, busy },
      attempts: this.#attempts,
      time: performance.now(),
    });
    for (const vm of end) this.#end(vm);
    for (const share of start) this.#start(share);
    return told;
  }

  /** Whether a share is taking or leaving the only monitor of a VM: nobody else should connect to it now. */
  isTaking(vm: string): boolean {
    const kept = this.#kept.get(vm);
    return kept !== undefined && kept.is !== 'up' && kept.share.isOnlyMonitor;
  }

  /** The VMs whose only monitor a share is taking or leaving. */
  get taking(): readonly string[] {
    return [...this.#kept.keys()].filter((vm) => this.isTaking(vm));
  }

  /** Ends all shares: QEMU's sockets are free again. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ended = [...this.#kept.values()].map((kept) => kept.ended);
    for (const vm of this.#kept.keys()) this.#end(vm);
    await Promise.all(ended);
  }

  #end(vm: string): void {
    const kept = this.#kept.get(vm);
    if (kept === undefined) return;
    kept.is = 'ending';
    kept.stop.abort();
  }

  #start(share: StartableShare): void {
    const kept: Kept = { share, is: 'starting', stop: new AbortController(), ended: Promise.resolve() };
    this.#kept.set(share.vm, kept);
    kept.ended = this.#serve(kept)
      .catch((error: unknown) => this.#reports.fault(error))
      .finally(() => {
        this.#kept.delete(share.vm);
        this.#reports.changed();
      });
  }

  /** Serves until the share ends, for whatever reason. @throws what is a mistake of ours */
  async #serve(kept: Kept): Promise<void> {
    const { vm, listen } = kept.share;
    const { signal } = kept.stop;
    const began = performance.now();
    let reason: readonly Finding[];
    try {
      const operation = { signal, timeout: START_TIMEOUT };
      const share = await shareVm({ vm, listen }, this.#host, operation, (found) => this.#reports.findings([found]));
      if (kept.is === 'starting') kept.is = 'up';
      if (share.facts.findings.length > 0) this.#reports.findings(share.facts.findings);
      this.#reports.changed();
      reason = [finding('share-ended', { vm, reason: (await share.facts.ended).reason })];
    } catch (error) {
      if (signal.aborted) return;
      reason = reasonOf(error, listen);
    }
    if (signal.aborted) return;
    const now = performance.now();
    const failures = now - began >= LONG_LIVED ? 1 : (this.#failuresOf(kept.share) ?? 0) + 1;
    const next = now + pauseAfter(failures);
    this.#attempts.set(vm, { key: attemptKeyOf(kept.share), failures, next, reason });
  }

  /** Failures in a row with the same QEMU socket. */
  #failuresOf(share: StartableShare): number | undefined {
    const attempt = this.#attempts.get(share.vm);
    return attempt?.key === attemptKeyOf(share) ? attempt.failures : undefined;
  }
}

/** @returns why a share could not start. @throws the error, if it is a mistake of ours */
function reasonOf(error: unknown, socket: string): readonly Finding[] {
  if (error instanceof QplugError) return error.findings;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined || !/^E[A-Z]+$/.test(code)) throw error;
  return [finding('share-place-unusable', { socket, reason: message })];
}
