import { FolderWatch } from './folder-watch.js';

/** The folders that matter at the moment, each watched once. */
export class FolderWatches implements Disposable {
  readonly #changed: () => void;
  readonly #watches = new Map<string, FolderWatch>();

  /** @param changed - called after each change in any of them */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Watches these folders from now on, and no others. */
  keepOnly(folders: ReadonlySet<string>): void {
    for (const [path, watch] of this.#watches) {
      if (folders.has(path)) continue;
      watch[Symbol.dispose]();
      this.#watches.delete(path);
    }
    for (const path of folders) {
      if (!this.#watches.has(path)) this.#watches.set(path, new FolderWatch(path, { deep: false }, this.#changed));
    }
  }

  [Symbol.dispose](): void {
    this.keepOnly(new Set());
  }
}
