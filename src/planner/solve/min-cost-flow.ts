import { type Addends, NOTHING, Tally } from './tally.js';

/** A cost of three parts, compared from the first to the last. */
export type Cost = readonly [number, number, number];

/**
 * Minimum-cost flow by successive shortest paths (Busacker and Gowen). Dijkstra's algorithm finds the paths; potentials keep its costs from
 * becoming negative (Edmonds and Karp; Tomizawa). Costs are compared lexicographically. Addition preserves that order, so results that hold
 * for numbers hold for these costs. The flow is exact for whole capacities.
 *
 * The cheapest flow stays the cheapest while `widen` and `narrow` change capacities: each finds only the few paths that matter. `copy` is
 * cheap, so a change can be tried and thrown away.
 */
export class MinCostFlow {
  readonly #graph: Graph;
  /** How much more each arc can take. An arc and its reverse arc are neighbours. */
  #room: Int32Array;
  /** The potential of each node, in three parts. */
  #pa: Float64Array;
  #pb: Float64Array;
  #pc: Float64Array;
  /** Sums over the present flow. */
  readonly tally: Tally;

  /** An empty network. All its nodes and arcs must be made before anything flows, and each node before the arcs that leave it. */
  constructor(like?: MinCostFlow) {
    this.#graph = like === undefined ? new Graph() : like.#graph;
    this.#room = like === undefined ? new Int32Array(0) : like.#room.slice();
    this.#pa = like === undefined ? new Float64Array(0) : like.#pa.slice();
    this.#pb = like === undefined ? new Float64Array(0) : like.#pb.slice();
    this.#pc = like === undefined ? new Float64Array(0) : like.#pc.slice();
    this.tally = new Tally(like?.tally);
  }

  /** @returns the number of a new node, counted from 0 */
  node(): number {
    return this.#graph.first.push(-1) - 1;
  }

  /**
   * @param addends - what one unit that flows here adds to the tally
   * @returns the number of a new arc without any capacity
   */
  arc(from: number, to: number, cost: Cost, addends: Addends = NOTHING): number {
    return this.#graph.arc(from, to, cost, addends);
  }

  /**
   * Ends the construction of the network. The potential of a node becomes the cost of the cheapest way to the sink with all arcs open. An
   * arc may therefore lead only to a node that is older than the node it leaves.
   */
  ready(): void {
    const { first, next, head, a, b, c } = this.#graph;
    const nodes = first.length;
    this.#room = new Int32Array(head.length);
    this.#pa = new Float64Array(nodes);
    this.#pb = new Float64Array(nodes);
    this.#pc = new Float64Array(nodes);
    this.#graph.makeScratch();
    for (let node = 1; node < nodes; node++) {
      let [ba, bb, bc] = [Number.NEGATIVE_INFINITY, 0, 0];
      for (let arc = first[node] as number; arc >= 0; arc = next[arc] as number) {
        if ((arc & 1) === 1) continue;
        const to = head[arc] as number;
        const na = (this.#pa[to] as number) - (a[arc] as number);
        const nb = (this.#pb[to] as number) - (b[arc] as number);
        const nc = (this.#pc[to] as number) - (c[arc] as number);
        if (na > ba || (na === ba && (nb > bb || (nb === bb && nc > bc)))) [ba, bb, bc] = [na, nb, nc];
      }
      if (ba === Number.NEGATIVE_INFINITY) continue;
      this.#pa[node] = ba;
      this.#pb[node] = bb;
      this.#pc[node] = bc;
    }
  }

  copy(): MinCostFlow {
    return new MinCostFlow(this);
  }

  /** @returns how much flows through an arc */
  flow(arc: number): number {
    return this.#room[arc ^ 1] as number;
  }

  /** @returns how much more an arc takes */
  room(arc: number): number {
    return this.#room[arc] as number;
  }

  /** Sets the first capacity of an arc; nothing may flow yet. */
  open(arc: number, capacity: number): void {
    this.#room[arc] = capacity;
  }

  /** Sends an amount along an arc. The caller knows that no other way is cheaper. */
  put(arc: number, amount: number): void {
    this.#room[arc] = (this.#room[arc] as number) - amount;
    this.#room[arc ^ 1] = (this.#room[arc ^ 1] as number) + amount;
    this.#count(arc, amount);
  }

  /** Counts a flow along an arc; a flow along the reverse arc is subtracted. */
  #count(arc: number, amount: number): void {
    this.tally.add(this.#graph.addends[arc >> 1] as Addends, (arc & 1) === 0 ? amount : -amount);
  }

  /** @returns how much of an amount found no way; the rest went the cheapest way */
  send(from: number, to: number, amount: number): number {
    let left = amount;
    while (left > 0) {
      const sent = this.#phase(from, to, left, Number.POSITIVE_INFINITY, 0, 0);
      if (sent === 0) break;
      left -= sent;
    }
    return left;
  }

  /** Takes capacity away. The flow on it finds another way; such a way must exist. */
  narrow(arc: number, by: number): void {
    const room = this.#room[arc] as number;
    this.#room[arc] = Math.max(0, room - by);
    if (by <= room) return;
    const { head } = this.#graph;
    this.#room[arc ^ 1] = (this.#room[arc ^ 1] as number) - (by - room);
    this.#count(arc, room - by);
    this.send(head[arc ^ 1] as number, head[arc] as number, by - room);
  }

  /** Adds capacity. A flow that becomes cheaper through the arc moves there. */
  widen(arc: number, by: number): void {
    const { head, a, b, c } = this.#graph;
    this.#room[arc] = (this.#room[arc] as number) + by;
    const [from, to] = [head[arc ^ 1] as number, head[arc] as number];
    while ((this.#room[arc] as number) > 0) {
      const ra = (a[arc] as number) + (this.#pa[from] as number) - (this.#pa[to] as number);
      const rb = (b[arc] as number) + (this.#pb[from] as number) - (this.#pb[to] as number);
      const rc = (c[arc] as number) + (this.#pc[from] as number) - (this.#pc[to] as number);
      if (ra > 0 || (ra === 0 && (rb > 0 || (rb === 0 && rc >= 0)))) return;
      this.put(arc, this.#phase(to, from, this.#room[arc] as number, -ra, -rb, -rc));
    }
  }

  /**
   * Sends along the cheapest paths that one run of Dijkstra's algorithm finds. It continues as long as only the last arc of a path fills
   * up, since no other distance changes then.
   *
   * @param la - with `lb` and `lc` the cost from which a path is too dear
   * @returns how much was sent
   */
  #phase(from: number, to: number, amount: number, la: number, lb: number, lc: number): number {
    const graph = this.#graph;
    const { first, next, head, a, b, c, da, db, dc, via, place } = graph;
    const [room, pa, pb, pc] = [this.#room, this.#pa, this.#pb, this.#pc];
    const { seen, ends } = graph;
    seen.length = 0;
    ends.length = 0;
    da[from] = 0;
    db[from] = 0;
    dc[from] = 0;
    seen.push(from);
    graph.push(from);
    let sent = 0;
    /** The best last arc, and the cost of the way to its end. */
    let [best, ea, eb, ec] = [-1, 0, 0, 0];
    let [fa, fb, fc] = [la, lb, lc];
    for (;;) {
      const node = graph.heap[0];
      if (best >= 0) {
        const nearer =
          node !== undefined &&
          ((da[node] as number) < ea ||
            ((da[node] as number) === ea &&
              ((db[node] as number) < eb || ((db[node] as number) === eb && (dc[node] as number) < ec))));
        if (!nearer) {
          if (ea > la || (ea === la && (eb > lb || (eb === lb && ec >= lc)))) break;
          let least = Math.min(amount - sent, room[best] as number);
          for (let at = head[best ^ 1] as number; at !== from; at = head[(via[at] as number) ^ 1] as number) {
            least = Math.min(least, room[via[at] as number] as number);
          }
          this.put(best, least);
          let inner = false;
          for (let at = head[best ^ 1] as number; at !== from; at = head[(via[at] as number) ^ 1] as number) {
            this.put(via[at] as number, least);
            if (room[via[at] as number] === 0) inner = true;
          }
          sent += least;
          [fa, fb, fc] = [ea, eb, ec];
          if (inner || sent === amount) break;
          best = -1;
          for (const arc of ends) {
            if (room[arc] === 0) continue;
            const tail = head[arc ^ 1] as number;
            const na = (da[tail] as number) + (a[arc] as number) + (pa[tail] as number) - (pa[to] as number);
            const nb = (db[tail] as number) + (b[arc] as number) + (pb[tail] as number) - (pb[to] as number);
            const nc = (dc[tail] as number) + (c[arc] as number) + (pc[tail] as number) - (pc[to] as number);
            if (best < 0 || na < ea || (na === ea && (nb < eb || (nb === eb && nc < ec))))
              [best, ea, eb, ec] = [arc, na, nb, nc];
          }
          continue;
        }
      }
      if (node === undefined) {
        if (best < 0 && la === Number.POSITIVE_INFINITY) break;
        [fa, fb, fc] = [la, lb, lc];
        break;
      }
      const na = da[node] as number;
      const nb = db[node] as number;
      const nc = dc[node] as number;
      if (na > la || (na === la && (nb > lb || (nb === lb && nc >= lc)))) {
        [fa, fb, fc] = [la, lb, lc];
        break;
      }
      graph.pop();
      const [qa, qb, qc] = [na + (pa[node] as number), nb + (pb[node] as number), nc + (pc[node] as number)];
      for (let arc = first[node] as number; arc >= 0; arc = next[arc] as number) {
        if (room[arc] === 0) continue;
        const other = head[arc] as number;
        const where = place[other] as number;
        if (where === DONE) continue;
        const ta = qa + (a[arc] as number) - (pa[other] as number);
        const tb = qb + (b[arc] as number) - (pb[other] as number);
        const tc = qc + (c[arc] as number) - (pc[other] as number);
        if (other === to) {
          ends.push(arc);
          if (best < 0 || ta < ea || (ta === ea && (tb < eb || (tb === eb && tc < ec))))
            [best, ea, eb, ec] = [arc, ta, tb, tc];
          continue;
        }
        if (where !== NEW) {
          const oa = da[other] as number;
          if (ta > oa) continue;
          if (ta === oa) {
            const ob = db[other] as number;
            if (tb > ob || (tb === ob && tc >= (dc[other] as number))) continue;
          }
        } else seen.push(other);
        da[other] = ta;
        db[other] = tb;
        dc[other] = tc;
        via[other] = arc;
        if (where === NEW) graph.push(other);
        else graph.up(where);
      }
    }
    for (const node of seen) {
      if (place[node] === DONE) {
        const [na, nb, nc] = [da[node] as number, db[node] as number, dc[node] as number];
        if (fa !== Number.POSITIVE_INFINITY && (na < fa || (na === fa && (nb < fb || (nb === fb && nc < fc))))) {
          pa[node] = (pa[node] as number) + na - fa;
          pb[node] = (pb[node] as number) + nb - fb;
          pc[node] = (pc[node] as number) + nc - fc;
        }
      }
      place[node] = NEW;
    }
    graph.heap.length = 0;
    return sent;
  }
}

/** Heap places of nodes that are not in the heap: not reached yet, and settled. */
const [NEW, DONE] = [-1, -2];

/** What copies of a network share: its arcs and working memory. */
class Graph {
  /** By node: the arc that was made last. */
  readonly first: number[] = [];
  /** By arc: the arc that was made before it, where it goes, and the parts of its cost. */
  readonly next: number[] = [];
  readonly head: number[] = [];
  readonly a: number[] = [];
  readonly b: number[] = [];
  readonly c: number[] = [];
  /** By pair of an arc and its reverse arc. */
  readonly addends: Addends[] = [];

  da: Float64Array = new Float64Array(0);
  db: Float64Array = new Float64Array(0);
  dc: Float64Array = new Float64Array(0);
  via: Int32Array = new Int32Array(0);
  place: Int32Array = new Int32Array(0);
  readonly heap: number[] = [];
  readonly seen: number[] = [];
  readonly ends: number[] = [];

  arc(from: number, to: number, [a, b, c]: Cost, addends: Addends): number {
    this.addends.push(addends);
    const arc = this.head.push(to, from) - 2;
    this.a.push(a, -a);
    this.b.push(b, -b);
    this.c.push(c, -c);
    this.next.push(this.first[from] ?? -1, this.first[to] ?? -1);
    this.first[from] = arc;
    this.first[to] = arc + 1;
    return arc;
  }

  makeScratch(): void {
    const nodes = this.first.length;
    this.da = new Float64Array(nodes);
    this.db = new Float64Array(nodes);
    this.dc = new Float64Array(nodes);
    this.via = new Int32Array(nodes);
    this.place = new Int32Array(nodes).fill(NEW);
  }

  push(node: number): void {
    this.up(this.heap.push(node) - 1);
  }

  /** Takes the nearest node off the heap. */
  pop(): void {
    const { heap, place } = this;
    const last = heap.pop() as number;
    const top = heap[0];
    if (top === undefined) {
      place[last] = DONE;
      return;
    }
    place[top] = DONE;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#before(heap[child + 1] as number, heap[child] as number)) child++;
      const node = heap[child] as number;
      if (!this.#before(node, last)) break;
      heap[at] = node;
      place[node] = at;
      at = child;
    }
    heap[at] = last;
    place[last] = at;
  }

  /** Moves the node at a place of the heap up to its new place after it became nearer. */
  up(from: number): void {
    const { heap, place } = this;
    const node = heap[from] as number;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const other = heap[parent] as number;
      if (!this.#before(node, other)) break;
      heap[at] = other;
      place[other] = at;
      at = parent;
    }
    heap[at] = node;
    place[node] = at;
  }

  #before(left: number, right: number): boolean {
    const a = (this.da[left] as number) - (this.da[right] as number);
    if (a !== 0) return a < 0;
    const b = (this.db[left] as number) - (this.db[right] as number);
    if (b !== 0) return b < 0;
    const c = (this.dc[left] as number) - (this.dc[right] as number);
    return c < 0 || (c === 0 && left < right);
  }
}
