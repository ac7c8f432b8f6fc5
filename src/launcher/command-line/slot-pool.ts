/** The PCI slots (device numbers) that controllers had before, by the controller's id. */
export type SlotsBefore = ReadonlyMap<string, number>;

/** @returns the slot of a `1d.7` style address, or undefined when it is none */
export function slotOf(address: string): number | undefined {
  return /^[01]?[0-9a-f]\.[0-7]$/.test(address) ? Number.parseInt(address, 16) : undefined;
}

/** Gives out PCI slots: to each who had one before the same again, to the others first what nobody had. */
export class SlotPool {
  readonly #free: Set<number>;
  readonly #before: SlotsBefore;

  /** @param slots - that can be given out, the preferred ones first */
  constructor(slots: readonly number[], before: SlotsBefore) {
    this.#free = new Set(slots);
    this.#before = before;
  }

  /** @returns a slot that nobody has yet, or undefined when all are given out */
  take(id: string): number | undefined {
    const own = this.#before.get(id);
    const kept = new Set(this.#before.values());
    const free = [...this.#free];
    const slot = own !== undefined && this.#free.has(own) ? own : (free.find((one) => !kept.has(one)) ?? free[0]);
    if (slot !== undefined) this.#free.delete(slot);
    return slot;
  }
}
