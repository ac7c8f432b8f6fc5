import { existsSync, type FSWatcher, readdirSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';

/** How often it looks for the nearest folder while they come and go. */
const MOST_TRIES = 10;

/**
 * Watches a folder for changes, and its subfolders if wanted, also while it does not exist: then it watches the nearest folder above. An event
 * is only a reason to look again; nothing is read from it.
 *
 * A watch belongs to an inode: a folder that was removed and made again (`/dev/bus/usb/001` when its controller is bound again) sends nothing
 * to the old watch. So every change of the folder renews the watches below it. Where inotify gives no watch (its limit is reached), the caller's
 * slow look finds the changes.
 */
export class FolderWatch implements Disposable {
  readonly #path: string;
  readonly #deep: boolean;
  readonly #changed: () => void;
  #above: FSWatcher | undefined;
  #below = new Map<string, FSWatcher>();
  #isDisposed = false;

  /**
   * @param path - absolute
   * @param options - `deep`: watch its subfolders as well
   * @param changed - called after each change
   */
  constructor(path: string, { deep }: { readonly deep: boolean }, changed: () => void) {
    this.#path = path;
    this.#deep = deep;
    this.#changed = changed;
    this.#renew();
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#above?.close();
    this.#closeBelow();
  }

  /** Watches the folder, or the nearest one above it, and its subfolders. */
  #renew(): void {
    if (this.#isDisposed) return;
    const nearest = this.#renewAbove();
    this.#closeBelow();
    if (!this.#deep || nearest !== this.#path) return;
    for (const name of foldersIn(this.#path)) {
      const below = watchFolder(join(this.#path, name), () => this.#hear(false));
      if (below !== undefined) this.#below.set(name, below);
    }
  }

  /** @returns the folder that it watches: another program may make or remove folders meanwhile */
  #renewAbove(): string {
    for (let tries = 1; ; tries++) {
      const nearest = nearestFolder(this.#path);
      this.#above?.close();
      this.#above = watchFolder(nearest, () => this.#hear(true));
      const isSettled = this.#above !== undefined && nearestFolder(this.#path) === nearest;
      if (isSettled || tries === MOST_TRIES) return nearest;
    }
  }

  #hear(isAbove: boolean): void {
    if (this.#isDisposed) return;
    if (isAbove) this.#renew();
    this.#changed();
  }

  #closeBelow(): void {
    for (const watcher of this.#below.values()) watcher.close();
    this.#below.clear();
  }
}

function nearestFolder(path: string): string {
  let nearest = path;
  while (!existsSync(nearest) && nearest !== dirname(nearest)) nearest = dirname(nearest);
  return nearest;
}

function foldersIn(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? one.name : []));
  } catch {
    return [];
  }
}

/** @returns undefined if the folder is gone by now, or inotify's limit is reached */
function watchFolder(path: string, changed: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(path, { persistent: false }, changed);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
