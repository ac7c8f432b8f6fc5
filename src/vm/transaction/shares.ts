import { socketFileOf } from '../../base/index.js';
import type { Share } from './recover.js';

/** Says what mending each VM may take, and keeps account of it. */
export class Shares {
  readonly #timeout: number;
  readonly #shares: { readonly each: number; readonly all: number } | undefined;
  readonly #about: string | undefined;
  readonly #end: number;
  /** Sockets of VMs that had their share and did not answer. */
  readonly #silent = new Set<string>();

  /**
   * @param options - `timeout`: ms for a VM without a limit; `shares`: ms for each of the others, and for all of them; undefined: no limits
   * @param about - the socket of the VM that has none
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

  /** @returns what a VM may take now */
  shareOf(socket: string): Share {
    if (this.#shares === undefined || this.#isAbout(socket)) return { timeout: this.#timeout, quiet: false };
    const left = this.#silent.has(socket) ? 0 : this.#end - performance.now();
    return { timeout: Math.max(1, Math.min(this.#shares.each, left)), quiet: true };
  }

  /** A VM had its share and did not answer: it has no other in this command. */
  hadItsShare(socket: string): void {
    this.#silent.add(socket);
  }

  /** Whichever path names it. */
  #isAbout(socket: string): boolean {
    if (this.#about === undefined) return false;
    const file = socketFileOf(this.#about);
    return socket === this.#about || (file !== undefined && socketFileOf(socket) === file);
  }
}
