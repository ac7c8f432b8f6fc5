import { oneLine } from '../diag/index.js';
import type { Terminal } from './terminal.js';

/** ms that a command may take in silence. */
const SILENCE = 1000;

/** Tells on stderr how an operation goes: every step when asked to, else only once it takes longer than a person waits gladly. */
export class Progress implements Disposable {
  readonly #terminal: Terminal;
  readonly #timer: NodeJS.Timeout | undefined;
  #quiet: boolean;
  #last: string | undefined;

  constructor(terminal: Terminal, verbose: boolean) {
    this.#terminal = terminal;
    this.#quiet = !verbose;
    if (verbose) return;
    this.#timer = setTimeout(() => {
      this.#quiet = false;
      if (this.#last !== undefined) this.#print(this.#last);
    }, SILENCE);
    this.#timer.unref();
  }

  /** @param what - words for people: one line, whatever is in them */
  readonly tell = (what: string): void => {
    this.#last = what;
    if (!this.#quiet) this.#print(what);
  };

  #print(what: string): void {
    const { onProgress } = this.#terminal;
    if (onProgress !== undefined) onProgress(oneLine(what));
    else this.#terminal.err(`${this.#terminal.errColors.dim(`· ${oneLine(what)}`)}\n`);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
