import { setImmediate as turn } from 'node:timers/promises';
import type { HostAccess } from '../access/index.js';
import { Deadline, DeadlineReached, poll } from '../base/index.js';
import { type Finding, finding, QplugError } from '../diag/index.js';
import { mend } from '../vm/index.js';
import { HoldMark, Workers } from './act/index.js';
import { type AgentCommands, type AgentDesk, AgentServer, agentSocket } from './api/index.js';
import { type DeviceAccount, decide, type Work } from './decide/index.js';
import { deriveEvents, EventLog, type Look, shareEvents } from './events/index.js';
import { type Looked, Lookout } from './look/index.js';
import { type ShareAccount, ShareKeeper, wishedShares } from './shares/index.js';
import { FolderWatch, FolderWatches, UeventWatch } from './watch/index.js';

/** ms between two looks when nothing happens: for changes of which inotify says nothing, such as a driver that was bound. */
const SLOW_LOOK = 45_000;

/** ms after a look that failed, for example because the database was locked. */
const PAUSE_AFTER_FAULT = 1000;

/** ms for the recovery of what killed commands left. */
const MEND_TIMEOUT = 30_000;

/** ms for all devices to leave before the host sleeps, and between two checks whether they have. */
const HOLD_TIMEOUT = 20_000;
const HOLD_INTERVAL = 20;

/** Descriptors by what they are. */
interface InheritedDescriptors {
  /** The listening socket for clients, and that for clients that may only look. */
  readonly control?: number | undefined;
  readonly watch?: number | undefined;
  /** A netlink socket with the kernel's events. */
  readonly uevent?: number | undefined;
}

export interface AgentOptions {
  /** Ends the agent. It finishes or undoes what it is doing first. */
  readonly signal: AbortSignal;
  /** The folders whose changes are a reason to look; default: this host's USB nodes. */
  readonly nodes?: string | undefined;
  /** The runtime folder in which it listens for clients; undefined: it listens nowhere. */
  readonly runtime?: string | undefined;
  /** The path of a second socket, for clients that may only look; undefined: there is none. */
  readonly watch?: string | undefined;
  /** Descriptors that a service manager handed over. */
  readonly inherited?: InheritedDescriptors | undefined;
  /** The commands that clients may run, on the socket for each; default none. */
  readonly commands?: { readonly control: AgentCommands; readonly watch: AgentCommands } | undefined;
  /** Receives what went wrong: failed looks, and findings of finished work. */
  onFindings?(findings: readonly Finding[]): void;
}

/**
 * Keeps devices with their VMs: attaches what returns, frees the ports of what vanished, and fulfils standing wishes.
 *
 *     hint, timer ──▶ look ──▶ decide ──▶ work of each VM, one after the other ──▶ hint
 *
 * It keeps no state that it could not lose: what it knows is read again in each look, so it may be killed and started at any moment.
 */
export class Agent implements AsyncDisposable {
  /** What happened, for readers. */
  readonly log: EventLog = new EventLog();
  readonly #host: HostAccess;
  readonly #options: AgentOptions;
  readonly #lookout: Lookout;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  #ended: Promise<void> = Promise.resolve();
  readonly #workers: Workers;
  readonly #keeper: ShareKeeper;
  #shares: readonly ShareAccount[] = [];
  #last: Look | undefined;
  #isHinted = true;
  #wake: () => void = () => undefined;
  #looks = 0;
  readonly #mark: HoldMark;
  #isHeld: boolean;
  #fault: { readonly error: unknown } | undefined;
  /** Whether the devices were to leave at the time of the last look. */
  #wasHeld = false;
  readonly #servers: AgentServer[] = [];

  private constructor(host: HostAccess, options: AgentOptions) {
    this.#host = host;
    this.#options = options;
    this.#lookout = new Lookout(host);
    this.#mark = new HoldMark(options.runtime && agentSocket(options.runtime).folder);
    this.#isHeld = this.#mark.isSet;
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
    const findings = (found: readonly Finding[]): void => this.#options.onFindings?.(found);
    // the loop ends with it
    const fault = (error: unknown): void => {
      this.#fault ??= { error };
    };
    this.#workers = new Workers(host, this.#signal, { ended: () => this.hint(), findings, fault });
    this.#keeper = new ShareKeeper(host, { changed: () => this.hint(), findings, fault });
  }

  /**
   * Starts an agent, unless this user has one already.
   *
   * @throws QplugError as `AgentServer.listen` and `AgentServer.watch`
   */
  static async start(host: HostAccess, options: AgentOptions): Promise<Agent> {
    const agent = new Agent(host, options);
    try {
      await agent.#listen(options);
    } catch (error) {
      await agent[Symbol.asyncDispose]();
      throw error;
    }
    agent.#ended = agent.#run();
    return agent;
  }

  async #listen({ runtime, watch, inherited = {}, signal, commands }: AgentOptions): Promise<void> {
    if (runtime === undefined) return;
    const desk = this.#desk();
    this.#servers.push(await AgentServer.listen(runtime, inherited.control, desk, signal, commands?.control));
    const at = inherited.watch ?? watch;
    if (at !== undefined) this.#servers.push(await AgentServer.watch(at, desk, signal, commands?.watch));
  }

  /** How often it has looked. */
  get looks(): number {
    return this.#looks;
  }

  /** The latest account of every device that a VM has, had, or is to have. */
  get accounts(): readonly DeviceAccount[] {
    return this.#last?.decision.accounts ?? [];
  }

  /** The latest account of every share that it keeps or is to keep. */
  get shares(): readonly ShareAccount[] {
    return this.#shares;
  }

  /** Asks for another look, at once. Many hints at once give one look. */
  hint(): void {
    this.#isHinted = true;
    this.#wake();
  }

  /** Resolves when the agent has ended. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#servers.map((one) => one[Symbol.asyncDispose]()));
    await this.#ended;
  }

  /**
   * Takes all devices from their VMs before the host sleeps, or gives them back afterwards. A device that can't be taken stays where it is, and
   * stops no other.
   *
   * @returns the labels of the devices that are not as they should be
   */
  async hold(isHeld: boolean, signal: AbortSignal): Promise<readonly string[]> {
    this.#isHeld = isHeld;
    this.#keepHold();
    const unfinished = (): string[] =>
      this.accounts.flatMap(({ label, condition: { is } }) =>
        (isHeld ? is !== 'lost' : is === 'due' || is === 'settling' || is === 'changing') ? label : [],
      );
    using deadline = new Deadline(HOLD_TIMEOUT, AbortSignal.any([signal, this.#signal]));
    try {
      const seen = this.#looks;
      // a look that has begun already knows nothing of this
      const hasLooked = (): boolean => this.#looks > seen && this.#wasHeld === isHeld;
      this.hint();
      await poll(() => hasLooked() && this.#workers.busy.size === 0 && unfinished().length === 0, {
        interval: HOLD_INTERVAL,
        signal: deadline.signal,
      });
      return [];
    } catch (error) {
      if (!(error instanceof DeadlineReached)) throw error;
      return unfinished();
    }
  }

  /** Remembers whether the devices are to be with the host, if an agent comes after this one. A failure is a warning. */
  #keepHold(): void {
    try {
      this.#mark.set(this.#isHeld);
    } catch (error) {
      const { path = '', message } = error as NodeJS.ErrnoException;
      this.#options.onFindings?.([finding('agent-hold-unsaved', { path, reason: message }, { severity: 'warning' })]);
    }
  }

  /** The agent as its clients reach it. */
  #desk(): AgentDesk {
    return {
      accounts: () => ({ accounts: this.accounts, shares: this.#shares, next: this.log.next, held: this.#isHeld }),
      look: () => this.hint(),
      hold: async (isHeld, signal) => ({ held: isHeld, left: await this.hold(isHeld, signal) }),
      events: (since, signal) => this.log.read(since ?? this.log.next, AbortSignal.any([signal, this.#signal])),
    };
  }

  async #run(): Promise<void> {
    const hint = (): void => this.hint();
    using _nodes = new FolderWatch(this.#options.nodes ?? '/dev/bus/usb', { deep: true }, hint);
    using folders = new FolderWatches(hint);
    const uevent = this.#options.inherited?.uevent;
    using _uevents = uevent === undefined ? undefined : new UeventWatch(uevent, hint);
    await using _shares = this.#keeper;
    this.#signal.addEventListener('abort', () => this.#wake(), { once: true });
    let mended = Number.NEGATIVE_INFINITY;
    while (!this.#signal.aborted) {
      if (this.#fault !== undefined) throw this.#fault.error;
      const isHinted = this.#isHinted;
      this.#isHinted = false;
      let pause = SLOW_LOOK;
      try {
        // a hint is answered first, if that does not go on for ever
        if (performance.now() - mended >= (isHinted ? 2 * SLOW_LOOK : SLOW_LOOK)) {
          await this.#mend();
          mended = performance.now();
        }
        const next = await this.#look(folders);
        if (next !== undefined) pause = Math.min(SLOW_LOOK, Math.max(1, next - performance.now()));
      } catch (error) {
        if (!(error instanceof QplugError)) throw error;
        this.#options.onFindings?.(error.findings);
        pause = PAUSE_AFTER_FAULT;
      }
      await this.#rest(pause);
      // what inotify tells at once, of many folders, is one reason to look
      await turn();
    }
    await this.#workers.rest();
  }

  /** Recovers what killed commands left, and returns the devices of VMs that have ended. */
  async #mend(): Promise<void> {
    const operation = { signal: this.#signal, timeout: MEND_TIMEOUT, shares: { each: 2000, all: 6000 } };
    const findings = await mend(this.#host, operation).catch((error: unknown) => {
      if (error instanceof QplugError) return error.findings;
      if (this.#signal.aborted) return [];
      throw error;
    });
    if (findings.length > 0) this.#options.onFindings?.(findings);
  }

  /** @returns when to look again at the latest, in ms of `performance.now()` */
  async #look(folders: FolderWatches): Promise<number | undefined> {
    const isHeld = this.#isHeld;
    const busy = new Set([...this.#workers.busy, ...this.#keeper.taking]);
    const looked = await this.#lookout.look(busy, this.#workers.checked, isHeld);
    this.#looks++;
    this.#wasHeld = isHeld;
    const { sight } = looked;
    folders.keepOnly(looked.folders);
    const decision = decide(sight, this.#workers.attempts);
    const look = { sight, decision };
    this.log.append(deriveEvents(this.#last, look), new Date().toISOString());
    this.#last = look;
    this.#workers.keepOnly(sight.vms, sight);
    const next = this.#share(looked);
    for (const work of decision.work) this.#begin(work, looked);
    const times = [next, decision.next, looked.next].flatMap((one) => one ?? []);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** @returns when to try a share again, in ms of `performance.now()` */
  #share({ records, targets }: Looked): number | undefined {
    const wished = wishedShares(records, targets);
    const { accounts, next } = this.#keeper.follow(wished, this.#workers.busy);
    this.log.append(shareEvents(this.#shares, accounts, performance.now()), new Date().toISOString());
    this.#shares = accounts;
    return next;
  }

  /** Begins work unless a share is taking the monitor of its VM: then a later look brings it again. */
  #begin(work: Work, { sight, targets }: Looked): void {
    const target = targets.get(work.vm);
    const vm = sight.vms.find((one) => one.vm === work.vm);
    if (target === undefined || vm === undefined || this.#keeper.isTaking(work.vm)) return;
    this.#workers.begin({ work, target, incarnation: vm.incarnation, inventory: sight.inventory });
  }

  /** Rests until somebody hints, the time is over, or the agent ends. */
  #rest(pause: number): Promise<void> {
    if (this.#isHinted || this.#signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pause);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
