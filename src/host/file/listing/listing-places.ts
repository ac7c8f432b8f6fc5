import type { FileFindings } from '../file-findings.js';
import type { ListedDevice } from './listed-device.js';

const HUB_CLASS = 0x09;

/** Finds the place of each device: its port chain, beginning at the root hub. */
export class Places {
  readonly #findings: FileFindings;
  readonly #marked: boolean;
  /** By bus and number; and by bus and level, the last device before. */
  readonly #byNumber = new Map<string, ListedDevice>();
  readonly #before = new Map<string, ListedDevice>();
  readonly #byPort = new Map<string, ListedDevice>();

  constructor(findings: FileFindings, marked: boolean) {
    this.#findings = findings;
    this.#marked = marked;
  }

  /** Gives each device its chain. A device gets no chain if another device has its port, or if it has no hub. */
  give(entries: readonly ListedDevice[]): void {
    for (const entry of entries) {
      const { line, bus, level, address } = entry;
      entry.chain = level === 0 ? this.#root(entry) : this.#below(entry);
      const port = entry.chain === undefined ? undefined : `${bus}-${entry.chain.join('.')}`;
      const other = port === undefined ? undefined : this.#byPort.get(port);
      // the same device listed twice has a finding elsewhere
      if (other !== undefined && !isSame(other, entry)) {
        this.#findings.line('port-twice', line, { told: other.line.number });
        entry.chain = undefined;
      } else if (port !== undefined && other === undefined) this.#byPort.set(port, entry);
      this.#byNumber.set(`${bus}.${address}`, entry);
      this.#before.set(`${bus}/${level}`, entry);
    }
  }

  /** A root hub must be a hub. */
  #root(entry: ListedDevice): readonly number[] | undefined {
    const isHub = entry.class === HUB_CLASS || entry.toldConfigurations === undefined;
    if (isHub) return [];
    this.#findings.line('no-root-hub', entry.line);
    return undefined;
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
   * A hub comes before the devices behind it, so the hub of a device is the last device before it that is one level up. usb-devices 014
   * under dash writes the device that it showed last as `Prnt`, whatever that device is, so in its output only the order counts.
   */
  #hubOf({ line, bus, level, parent }: ListedDevice): ListedDevice | undefined {
    const told = this.#byNumber.get(`${bus}.${parent}`);
    if (told !== undefined && told.level === level - 1) return told;
    const above = this.#before.get(`${bus}/${level - 1}`);
    // old kernels wrote 0 for the root hub
    const known = !this.#marked || (parent === 0 && level === 1);
    if (above !== undefined && told !== undefined && !known) {
      this.#findings.line('level', line, { told: level, seen: told.level });
    }
    return told !== undefined || known ? above : undefined;
  }
}

/** @returns whether both are one device, listed twice */
export function isSame(a: ListedDevice, b: ListedDevice): boolean {
  return a.bus === b.bus && a.address === b.address && a.vendorId === b.vendorId && a.productId === b.productId;
}
