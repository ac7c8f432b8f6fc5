import type { FileFindings } from './file-findings.js';
import type { ListedDevice } from './listed-device.js';

/** Finds the place of each device: the port chain from its root hub down. */
export class Places {
  readonly #findings: FileFindings;
  readonly #marked: boolean;
  /** By bus and number; by bus and level, the one before. */
  readonly #byNumber = new Map<string, ListedDevice>();
  readonly #before = new Map<string, ListedDevice>();

  constructor(findings: FileFindings, marked: boolean) {
    this.#findings = findings;
    this.#marked = marked;
  }

  /** @returns the devices without those that are there twice */
  give(entries: readonly ListedDevice[]): readonly ListedDevice[] {
    return entries.filter((entry) => {
      const { line, bus, level, address } = entry;
      entry.chain = level === 0 ? [] : this.#below(entry);
      const key = `${bus}.${address}`;
      const twin = this.#byNumber.get(key);
      if (twin !== undefined) this.#findings.line('twice', line, { told: twin.line.number });
      else this.#byNumber.set(key, entry);
      this.#before.set(`${bus}/${level}`, entry);
      return twin === undefined;
    });
  }

  #below(entry: ListedDevice): readonly number[] | undefined {
    const { line, bus, level, port, parent } = entry;
    const hub = this.#hubOf(entry);
    if (hub === undefined && level === 1 && !this.#before.has(`${bus}/0`)) return [port + 1];
    if (hub === undefined) {
      this.#findings.line('parent-missing', line, { told: parent, seen: bus });
      return undefined;
    }
    if (hub.chain === undefined) return undefined;
    if (port + 1 > hub.children && hub.children > 0) {
      this.#findings.line('port-beyond', line, { told: port + 1, seen: hub.children });
    }
    return [...hub.chain, port + 1];
  }

  /**
   * A hub stands before what hangs on it, so the hub of a device is the last one before it that is one level up. usb-devices 014
   * under dash writes as `Prnt` the device that it showed last, whatever that is; there only the order counts.
   */
  #hubOf({ line, bus, level, parent }: ListedDevice): ListedDevice | undefined {
    const told = this.#byNumber.get(`${bus}.${parent}`);
    if (told !== undefined && told.level === level - 1) return told;
    const above = this.#before.get(`${bus}/${level - 1}`);
    // old kernels gave 0 for the root hub
    const known = !this.#marked || (parent === 0 && level === 1);
    if (above !== undefined && told !== undefined && !known) {
      this.#findings.line('level', line, { told: level, seen: told.level });
    }
    return told !== undefined || known ? above : undefined;
  }
}
