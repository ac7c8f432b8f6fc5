/** The former PCI slots (device numbers) of controllers, by id. */
export type SlotsBefore = ReadonlyMap<string, number>;

/** @returns the slot of an address in the form `1d.7`, or undefined for any other text */
export function slotOf(address: string): number | undefined {
  return /^[01]?[0-9a-f]\.[0-7]$/.test(address) ? Number.parseInt(address, 16) : undefined;
}

/** Assigns PCI slots: a controller gets its former slot; a new one gets a slot that no controller had, if possible. */
export class SlotPool {
  readonly #free: Set<number>;
  readonly #before: SlotsBefore;

  /** @param slots - the assignable slots, preferred ones first */
  constructor(slots: readonly number[], before: SlotsBefore) {
    this.#free = new Set(slots);
    this.#before = before;
  }

  /** @returns a free slot, or undefined if there is none */
  take(id: string): number | undefined {
    const own = this.#before.get(id);
    const kept = new Set(this.#before.values());
    const free = [...this.#free];
    const slot = own !== undefined && this.#free.has(own) ? own : (free.find((one) => !kept.has(one)) ?? free[0]);
    if (slot !== undefined) this.#free.delete(slot);
    return slot;
  }
}
