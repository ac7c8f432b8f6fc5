import { socketFileOf } from '../../base/index.js';
import type { Share } from './recover.js';

/** The time limits for the recovery of each VM. */
export class TimeShares {
  readonly #timeout: number;
  readonly #shares: { readonly each: number; readonly all: number } | undefined;
  readonly #about: string | undefined;
  readonly #end: number;
  /** Sockets of VMs that did not answer within their share. */
  readonly #silent = new Set<string>();

  /**
   * @param options - `timeout`: ms for the VM of the command; `shares`: ms for each other VM, and for all of them; default: `timeout` for
   *   all
   * @param about - the socket of the command's VM
   */
  constructor(
    options: {
      readonly timeout: number;
      readonly shares?: { readonly each: number; readonly all: number } | undefined;
    },
    about: string | undefined,
  ) {
    this.#timeout = options.timeout;
    this.#shares = options.shares;
    this.#about = about;
    this.#end = performance.now() + (options.shares?.all ?? 0);
  }

  /** @returns a VM's limits now */
  shareOf(socket: string): Share {
    if (this.#shares === undefined || this.#isAbout(socket)) return { timeout: this.#timeout, quiet: false };
    const left = this.#silent.has(socket) ? 0 : this.#end - performance.now();
    return { timeout: Math.max(1, Math.min(this.#shares.each, left)), quiet: true };
  }

  /** Records that a VM did not answer within its share: it gets no time again in this command. */
  hadItsShare(socket: string): void {
    this.#silent.add(socket);
  }

  /** Compares the socket files, since a socket has many paths. */
  #isAbout(socket: string): boolean {
    if (this.#about === undefined) return false;
    const file = socketFileOf(this.#about);
    return socket === this.#about || (file !== undefined && socketFileOf(socket) === file);
  }
}
