import { fileStamp } from '../../base/index.js';
import { loadVmFile } from '../../config/index.js';
import { QplugError } from '../../diag/index.js';
import { requireSelector, selectorFault } from '../../host/index.js';
import { DEFAULT_HOLD, type StandingWish } from '../wish/index.js';

/** The wishes in VM files. Each file is read again only after it changed. */
export class FileWishes {
  readonly #read = new Map<string, { readonly stamp: string; readonly wishes: readonly StandingWish[] }>();

  /**
   * @param vm - the VM that runs from the file, and when it started (ISO 8601)
   * @returns the wishes in the file; the former ones while the file is gone or wrong: a person may be writing it
   */
  async of(path: string, vm: { readonly name: string; readonly created: string }): Promise<readonly StandingWish[]> {
    const known = this.#read.get(path);
    const stamp = fileStamp(path);
    if (stamp === undefined || stamp === known?.stamp) return known?.wishes ?? [];
    try {
      const file = await loadVmFile(path, { checkSelector: selectorFault });
      const wishes = file.usb.devices.flatMap((wish, index): StandingWish[] =>
        wish.kind !== 'host'
          ? []
          : [
              {
                vm: vm.name,
                name: `file ${index}`,
                selector: requireSelector(wish.select),
                controller: wish.controller,
                port: wish.port,
                slower: wish.slower,
                hold: DEFAULT_HOLD,
                also: [],
                takes: 'one',
                asks: false,
                made: vm.created,
              },
            ],
      );
      this.#read.set(path, { stamp, wishes });
      return wishes;
    } catch (error) {
      if (!(error instanceof QplugError)) throw error;
      return known?.wishes ?? [];
    }
  }

  /** Forgets the files of VMs that have ended. */
  keepOnly(paths: ReadonlySet<string>): void {
    for (const path of this.#read.keys()) if (!paths.has(path)) this.#read.delete(path);
  }
}
