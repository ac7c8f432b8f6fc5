import type { HostAccess, VmTarget } from '../../access/index.js';
import type { Finding } from '../../diag/index.js';
import type { HostInventory } from '../../host/index.js';
import type { KnownTree } from '../../vm/index.js';
import {
  type Attempts,
  type Sight,
  type Tried,
  type VmSight,
  type Work,
  withoutOld,
  withTry,
} from '../decide/index.js';
import { type Performed, perform } from './act.js';

/** What workers tell. */
export interface WorkerEvents {
  /** A piece of work has ended. */
  ended(): void;
  findings(found: readonly Finding[]): void;
  /** A mistake of qplug's. */
  fault(error: unknown): void;
}

/** A piece of work with its VM, as a look saw it. */
export interface AssignedWork {
  readonly work: Work;
  readonly target: VmTarget;
  readonly incarnation: string;
  readonly inventory: HostInventory;
}

/**
 * The work in progress, one piece for each VM at a time, and what it taught: the attempts, and of each QEMU when it was last asked and its tree.
 */
export class Workers {
  readonly #host: HostAccess;
  readonly #signal: AbortSignal;
  readonly #events: WorkerEvents;
  readonly #working = new Map<string, Promise<void>>();
  readonly #checked = new Map<string, number>();
  readonly #trees = new Map<string, KnownTree>();
  #attempts: Attempts = new Map();

  /** @param signal - ends the work: what has begun is undone */
  constructor(host: HostAccess, signal: AbortSignal, events: WorkerEvents) {
    this.#host = host;
    this.#signal = signal;
    this.#events = events;
  }

  /** The names of the VMs that are being changed. */
  get busy(): ReadonlySet<string> {
    return new Set(this.#working.keys());
  }

  get attempts(): Attempts {
    return this.#attempts;
  }

  /** When the QEMU of each VM was last asked since it was changed, by incarnation, in ms of `performance.now()`. */
  get checked(): ReadonlyMap<string, number> {
    return this.#checked;
  }

  /** Resolves when all work has ended. */
  async rest(): Promise<void> {
    await Promise.all(this.#working.values());
  }

  /** Forgets what no longer matters: old attempts, and VMs that are not there. */
  keepOnly(vms: readonly Pick<VmSight, 'incarnation'>[], { time }: Pick<Sight, 'time'>): void {
    this.#attempts = withoutOld(this.#attempts, time);
    const alive = new Set(vms.map(({ incarnation }) => incarnation));
    for (const known of [this.#checked, this.#trees])
      for (const one of [...known.keys()]) if (!alive.has(one)) known.delete(one);
  }

  /** Begins work unless its VM is busy: then a later look brings it again. */
  begin({ work, target, incarnation, inventory }: AssignedWork): void {
    if (this.#working.has(work.vm)) return;
    const tree = this.#trees.get(incarnation);
    this.#trees.delete(incarnation);
    const working = perform(work, { target, host: this.#host, inventory, signal: this.#signal, tree })
      .then((performed) => this.#learn(work, incarnation, performed))
      .catch((error: unknown) => {
        if (!this.#signal.aborted) this.#events.fault(error);
      })
      .finally(() => {
        this.#working.delete(work.vm);
        this.#events.ended();
      });
    this.#working.set(work.vm, working);
  }

  #learn(work: Work, incarnation: string, { tried, tree }: Performed): void {
    const time = performance.now();
    if (work.do === 'check') {
      // a VM that did not answer is asked again in its turn
      this.#checked.set(incarnation, time);
      if (tree !== undefined) this.#trees.set(incarnation, tree);
    } else {
      this.#attempts = withTry(this.#attempts, { key: work.attempt, address: work.address, time }, tried);
      // its tree is another one now: it is read when nothing else is to be done
      this.#checked.delete(incarnation);
    }
    const findings = findingsOf(tried);
    if (findings.length > 0) this.#events.findings(findings);
  }
}

/** A failure is in the accounts. */
function findingsOf(tried: Tried): readonly Finding[] {
  return tried.is === 'failed' ? [] : tried.findings;
}
