/** A cost of three parts, compared from the first to the last. */
export type Cost = readonly [number, number, number];

/**
 * Minimum-cost flow by successive shortest paths (Busacker and Gowen; the paths by Bellman and Ford with a queue, since arcs of
 * the residual network cost less than nothing). Costs are compared lexicographically; that order is kept by addition, so what
 * holds for numbers holds for them. Exact for whole capacities.
 */
export class MinCostFlow {
  readonly #head: number[] = [];
  readonly #room: number[] = [];
  /** The parts of the costs, each by arc. */
  readonly #a: number[] = [];
  readonly #b: number[] = [];
  readonly #c: number[] = [];
  readonly #arcs: number[][];

  /** @param nodes - how many nodes; they are numbered from 0 */
  constructor(nodes: number) {
    this.#arcs = Array.from({ length: nodes }, () => []);
  }

  /** @returns the number of the arc, for `flow` */
  arc(from: number, to: number, capacity: number, [a, b, c]: Cost): number {
    const arc = this.#head.length;
    this.#head.push(to, from);
    this.#room.push(capacity, 0);
    this.#a.push(a, -a);
    this.#b.push(b, -b);
    this.#c.push(c, -c);
    this.#arcs[from]?.push(arc);
    this.#arcs[to]?.push(arc + 1);
    return arc;
  }

  /** @returns how much flows through an arc */
  flow(arc: number): number {
    return this.#room[arc ^ 1] ?? 0;
  }

  /** Sends as much as can be from source to sink, at the least cost. */
  run(source: number, sink: number): void {
    for (;;) {
      const path = this.#cheapestPath(source, sink);
      if (path === undefined) return;
      let amount = Number.POSITIVE_INFINITY;
      for (const arc of path) amount = Math.min(amount, this.#room[arc] ?? 0);
      for (const arc of path) {
        this.#room[arc] = (this.#room[arc] ?? 0) - amount;
        this.#room[arc ^ 1] = (this.#room[arc ^ 1] ?? 0) + amount;
      }
    }
  }

  #cheapestPath(source: number, sink: number): number[] | undefined {
    const nodes = this.#arcs.length;
    const a = new Float64Array(nodes).fill(Number.POSITIVE_INFINITY);
    const b = new Float64Array(nodes);
    const c = new Float64Array(nodes);
    const via = new Int32Array(nodes).fill(-1);
    const queued = new Uint8Array(nodes);
    a[source] = 0;
    const queue = [source];
    for (let first = 0; first < queue.length; first++) {
      const node = queue[first] ?? 0;
      queued[node] = 0;
      const na = a[node] ?? 0;
      const nb = b[node] ?? 0;
      const nc = c[node] ?? 0;
      for (const arc of this.#arcs[node] ?? []) {
        if ((this.#room[arc] ?? 0) === 0) continue;
        const to = this.#head[arc] ?? 0;
        const ta = na + (this.#a[arc] ?? 0);
        const oldA = a[to] ?? 0;
        if (ta > oldA) continue;
        const tb = nb + (this.#b[arc] ?? 0);
        const tc = nc + (this.#c[arc] ?? 0);
        if (ta === oldA) {
          const oldB = b[to] ?? 0;
          if (tb > oldB || (tb === oldB && tc >= (c[to] ?? 0))) continue;
        }
        a[to] = ta;
        b[to] = tb;
        c[to] = tc;
        via[to] = arc;
        if (to !== sink && queued[to] === 0) {
          queued[to] = 1;
          queue.push(to);
        }
      }
    }
    if (via[sink] === -1) return undefined;
    const path: number[] = [];
    for (let node = sink; node !== source; ) {
      const arc = via[node] ?? 0;
      path.push(arc);
      node = this.#head[arc ^ 1] ?? 0;
    }
    return path;
  }
}
