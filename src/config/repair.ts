import type { SchemaError } from './generated/vm-file-validator.js';
import { isMisspelt, meantKey, parsePointer } from './schema-findings.js';
import type { Pointer } from './vm-file.js';

/** The positions in the file of the parts of a repaired value. */
export class Holes {
  readonly #indexes = new WeakMap<object, number[]>();
  readonly #keys = new WeakMap<object, Map<string, string>>();

  /** @returns the index that entry `index` of `list` has in the file */
  original(list: readonly unknown[], index: number): number {
    return this.#indexes.get(list)?.[index] ?? index;
  }

  /** @returns the pointer in the file of what is at `pointer` in the repaired value */
  pointer(value: unknown, pointer: Pointer): Pointer {
    let holder = value;
    return pointer.map((step) => {
      const here = holder;
      holder = (here as Record<string, unknown> | undefined)?.[step];
      if (Array.isArray(here)) return this.original(here, Number(step));
      if (typeof here !== 'object' || here === null) return step;
      return this.#keys.get(here)?.get(String(step)) ?? step;
    });
  }

  remove(list: unknown[], index: number): void {
    const indexes = this.#indexes.get(list) ?? list.map((_, i) => i);
    indexes.splice(index, 1);
    list.splice(index, 1);
    this.#indexes.set(list, indexes);
  }

  rename(holder: Record<string, unknown>, from: string, to: string): void {
    const keys = this.#keys.get(holder) ?? new Map<string, string>();
    this.#keys.set(holder, keys.set(to, from));
    holder[to] = holder[from];
  }
}

/**
 * Removes invalid parts from a value, so that qplug can still check the rest and report all findings at once. Renames a misspelt key to
 * the likely one.
 *
 * @param value - changed in place
 * @returns false if nothing is left to check
 */
export function repair(value: unknown, errors: readonly SchemaError[], holes: Holes): boolean {
  const removals: Pointer[] = [];
  for (const error of errors) {
    const pointer = parsePointer(error.instancePath);
    if (error.keyword === 'if' || isMisspelt(error, errors)) continue;
    if (error.keyword !== 'additionalProperties') {
      removals.push(pointer);
      continue;
    }
    const holder = at(value, pointer) as Record<string, unknown>;
    const key = String(error.params.additionalProperty);
    const meant = meantKey(error);
    // The corrected key counts from here on; the next round of the schema checks it.
    if (meant !== undefined && !Object.hasOwn(holder, meant)) holes.rename(holder, key, meant);
    delete holder[key];
  }
  if (removals.some((pointer) => pointer.length === 0)) return false;
  // Last entries first, so that indexes keep their meaning; inner before outer.
  removals.sort((a, b) => b.length - a.length || Number(b.at(-1)) - Number(a.at(-1)) || 0);
  const done = new Set<string>();
  for (const pointer of removals) {
    const name = pointer.join('/');
    if (done.has(name)) continue;
    done.add(name);
    const key = pointer.at(-1);
    const holder = at(value, pointer.slice(0, -1));
    if (Array.isArray(holder)) holes.remove(holder, Number(key));
    else if (typeof holder === 'object' && holder !== null) Reflect.deleteProperty(holder, String(key));
  }
  return true;
}

function at(value: unknown, pointer: Pointer): unknown {
  return pointer.reduce<unknown>((holder, key) => (holder as Record<string, unknown> | undefined)?.[key], value);
}
