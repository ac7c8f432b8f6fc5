import { startProgram } from '../../base/index.js';
import { systemError } from '../../diag/index.js';

/** ms from an event until the agent looks: events come in bursts, one for each interface and driver. */
const SETTLE = 100;

/** ms until the next try after an error. The kernel reports lost events as an error (ENOBUFS, netlink(7)). */
const RETRY = 1000;

/** Errors in a row after which it gives up: then inotify and the slow look find the changes. */
const MOST_ERRORS = 5;

type Reader = ReturnType<typeof startProgram>;

/**
 * Hears the kernel's events from a netlink socket that a service manager handed over. An event is only a reason to look again; nothing is
 * read from it.
 *
 * `cat` reads the socket, because Node.js waits for such a descriptor only with a thread that it can't stop: a pending fs.read keeps the
 * process from ending until the next event, even by process.exit.
 */
export class UeventWatch implements Disposable {
  readonly #descriptor: number;
  readonly #changed: () => void;
  #reader: Reader | undefined;
  #settling: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #errors = 0;
  #isDisposed = false;

  /**
   * @param descriptor - of the socket; stays the caller's
   * @param changed - called after events
   */
  constructor(descriptor: number, changed: () => void) {
    this.#descriptor = descriptor;
    this.#changed = changed;
    this.#read();
  }

  #read(): void {
    let reader: Reader;
    try {
      reader = startProgram('cat', [], { cwd: '/' }, [this.#descriptor, 'pipe', 'ignore']);
    } catch (error) {
      // Node.js throws where it knows no better, as for a system without memory
      if (systemError(error) === undefined) throw error;
      this.#lose();
      return;
    }
    this.#reader = reader;
    reader.stdout?.on('data', () => {
      this.#errors = 0;
      this.#settling ??= setTimeout(() => this.#tell(), SETTLE);
    });
    // the event `close` follows
    reader.on('error', () => undefined);
    reader.on('close', () => this.#lose());
  }

  #tell(): void {
    clearTimeout(this.#settling);
    this.#settling = undefined;
    this.#changed();
  }

  /** Events may be lost, so it tells as if there were one. */
  #lose(): void {
    if (this.#isDisposed) return;
    this.#tell();
    this.#errors += 1;
    if (this.#errors < MOST_ERRORS) this.#retry = setTimeout(() => this.#read(), RETRY);
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    clearTimeout(this.#settling);
    clearTimeout(this.#retry);
    this.#reader?.kill('SIGKILL');
  }
}
