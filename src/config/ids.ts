import { type Finding, finding, type SourceLocation } from '../diag/index.js';
import { isOurs } from '../qdev/index.js';

/**
 * The ids of a file: checks the given ones, and generates the others. QEMU has separate namespaces for devices and block nodes, but users
 * do not distinguish them, so they share one here.
 */
export class Ids {
  readonly findings: Finding[] = [];
  readonly #used = new Map<string, SourceLocation>();

  /** Takes an id that the file names. */
  claim(id: string, location: SourceLocation): void {
    const first = this.#used.get(id);
    if (first === undefined) this.#used.set(id, location);
    else if (isBefore(first, location)) this.findings.push(finding('id-used-twice', { id, first }, { location }));
    else this.findings.push(finding('id-used-twice', { id, first: location }, { location: first }));
    if (isOurs(id)) this.findings.push(finding('id-reserved', { id, prefix: 'qplug-' }, { location }));
  }

  /**
   * @param count - the number of ids, numbered as by `countedIds`
   * @returns `base`, or `base1`, `base2`, …: the first from which all are free; they are taken then
   */
  make(base: string, location: SourceLocation, count = 1): string {
    for (let n = 0; ; n++) {
      const id = n === 0 ? base : `${base}${n}`;
      const wanted = countedIds(id, count);
      if (wanted.some((one) => this.#used.has(one))) continue;
      for (const one of wanted) this.#used.set(one, location);
      return id;
    }
  }

  /** @returns `base` with the number `n`, or with the next number that is free; now taken */
  number(base: string, n: number, location: SourceLocation): string {
    for (; ; n++) {
      const id = `${base}${n}`;
      if (this.#used.has(id)) continue;
      this.#used.set(id, location);
      return id;
    }
  }
}

function isBefore(a: SourceLocation, b: SourceLocation): boolean {
  return a.line < b.line || (a.line === b.line && a.column < b.column);
}

/** @returns the ids of several alike: `id`, `id1`, `id2`, … */
export function countedIds(id: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => (i === 0 ? id : `${id}${i}`));
}
