/**
 * Counts the native ports that are lost when devices are attached one at a time, compared with the same devices all at once, over random
 * VMs and devices, for several reserves and orders. docs/planner.md shows the figures. After `npm run build`:
 * `node bench/on-line.mjs [RUNS]` (lives for each VM, order and reserve; default 200). Every run gives the same figures.
 */
import { bestMove, plan } from '../dist/planner.js';

const RUNS = Number(process.argv[2] ?? 200);

/** What QEMU's ports take, as bits: low 1, full 2, high 4, super 8. */
const xhci = (p2, p3 = p2) => Array.from({ length: Math.max(p2, p3) }, (_, i) => (i < p2 ? 7 : 0) | (i < p3 ? 8 : 0));
const EHCI = [4, 4, 4, 4, 4, 4];
const COMPANIONS = [7, 7, 7, 7, 7, 7];
const UHCI = [3, 3];
const VMS = [
  [xhci(15)],
  [xhci(4)],
  [xhci(8, 4)],
  [xhci(4, 8)],
  [COMPANIONS],
  [EHCI, UHCI],
  [EHCI, xhci(4)],
  [COMPANIONS, xhci(4)],
  [EHCI, UHCI, xhci(4)],
  [xhci(15), xhci(15)],
];

/** `all`: as many as there are fast ports; `all but 2`: at most two slow devices get fast ports. */
const RESERVES = {
  0: () => 0,
  2: () => 2,
  4: () => 4,
  8: () => 8,
  'all but 2': (fast) => Math.max(4, fast - 2),
  all: (fast) => Math.max(4, fast),
};

const MASKS = { low: 1, full: 2, high: 6, super: 14 };
const isSlow = ({ native }) => native === 'low' || native === 'full';

/** mulberry32 */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function vmOf(controllers) {
  return {
    version: { major: 10, minor: 0, micro: 0 },
    hotplug: [],
    ids: new Set(),
    controllers: controllers.map((masks, i) => ({
      bus: `c${i}.0`,
      id: `c${i}`,
      model: 'qemu-xhci',
      qomPath: undefined,
      known: true,
      ports: masks.map((mask, n) => ({ port: n + 1, mask })),
      devices: [],
    })),
  };
}

const device = (key, native) => {
  return { key, id: key, label: key, native, mask: MASKS[native], mandatory: false, slower: 'refuse' };
};

function without(topology, id) {
  const controllers = topology.controllers.map((one) => ({
    ...one,
    devices: one.devices.filter((other) => other.id !== id),
  }));
  return { ...topology, controllers };
}

/** Devices and their order for one VM; in the order `departures` a departure follows two of five arrivals. */
function lifeOf(masks, order, random) {
  const roll = (count) => Math.floor(random() * count);
  const share = random();
  const hasSuper = masks.some((mask) => (mask & 8) !== 0);
  const devices = Array.from({ length: 1 + roll(masks.length + 4) }, (_, i) => {
    if (random() < share) return device(`d${i}`, hasSuper && random() < 0.5 ? 'super' : 'high');
    return device(`d${i}`, random() < 0.3 ? 'low' : 'full');
  });
  const mixed = devices
    .map((one) => ({ one, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
  const [slow, fast] = [mixed.filter(isSlow), mixed.filter((one) => !isSlow(one))];
  if (order === 'slow first') return [...slow, ...fast].map((come) => ({ come }));
  if (order === 'fast first') return [...fast, ...slow].map((come) => ({ come }));
  const here = [];
  return mixed.flatMap((come) => {
    here.push(come);
    if (order !== 'departures' || random() >= 0.4) return [{ come }];
    return [{ come }, { go: here.splice(roll(here.length), 1)[0].key }];
  });
}

/** Attaches and detaches; a device without a port tries again whenever another leaves. */
function live(start, life, reserve) {
  let topology = start;
  const present = new Map();
  const waiting = new Map();
  const attempt = (one) => {
    const made = plan({ topology, growth: { hubs: true, controllers: [] }, devices: [one], reserve });
    const [placed] = made.placements;
    if (placed === undefined) return void waiting.set(one.key, one);
    topology = made.after;
    waiting.delete(one.key);
    present.set(one.key, { request: one, bus: placed.bus, port: placed.port, disturbance: 0 });
  };
  for (const { come, go } of life) {
    if (come !== undefined) attempt(come);
    else {
      waiting.delete(go);
      if (!present.delete(go)) continue;
      topology = without(topology, go);
      for (const one of [...waiting.values()]) attempt(one);
    }
  }
  return { topology, present, waiting };
}

/** `qplug rebalance` as long as it helps. @returns how many native ports it won, and how many devices it interrupted */
function rebalance({ topology, present, waiting }, reserve) {
  let [won, interrupted] = [0, 0];
  for (;;) {
    const move = bestMove({
      topology,
      attached: [...present.values()],
      waiting: [...waiting.values()],
      hubs: true,
      reserve,
    });
    if (move === undefined) return { won, interrupted };
    for (const { bus, port, key } of move.plan.placements) {
      const request = present.get(key)?.request ?? waiting.get(key);
      present.set(key, { request, bus, port, disturbance: 0 });
    }
    waiting.delete(move.wins.key);
    topology = move.plan.after;
    won += 1;
    interrupted += move.moved.length;
  }
}

function measure(order, reserveOf) {
  const random = generator(20);
  const sum = { lives: 0, wanted: 0, lost: 0, worst: 0, losing: 0, hubs: 0, won: 0, interrupted: 0 };
  for (const controllers of VMS) {
    for (let run = 0; run < RUNS; run += 1) {
      const masks = controllers.flat();
      const life = lifeOf(masks, order, random);
      const gone = new Set(life.flatMap(({ go }) => go ?? []));
      const devices = life.flatMap(({ come }) => (come === undefined || gone.has(come.key) ? [] : [come]));
      const reserve = reserveOf(masks.filter((mask) => (mask & 12) !== 0).length);
      const start = vmOf(controllers);
      const atOnce = plan({ topology: start, growth: { hubs: true, controllers: [] }, devices, reserve }).placements;
      const ended = live(start, life, reserve);
      const lost = atOnce.length - ended.present.size;
      sum.lives += 1;
      sum.wanted += atOnce.length;
      sum.lost += lost;
      sum.worst = Math.max(sum.worst, lost);
      sum.losing += lost > 0 ? 1 : 0;
      sum.hubs += ended.topology.controllers.flatMap((one) => one.devices).filter((one) => one.hubPorts > 0).length;
      if (lost === 0) continue;
      const { won, interrupted } = rebalance(ended, reserve);
      sum.won += won;
      sum.interrupted += interrupted;
    }
  }
  return sum;
}

const row = (cells) => process.stdout.write(`| ${cells.join(' | ')} |\n`);
row([
  'order',
  'reserve',
  'lost of 100',
  'lives that lose',
  'worst',
  'hubs per VM',
  'won back by moves',
  'interruptions',
]);
row(['---', '---', '--:', '--:', '--:', '--:', '--:', '--:']);
for (const order of ['slow first', 'fast first', 'random', 'departures']) {
  for (const [name, reserveOf] of Object.entries(RESERVES)) {
    const { lives, wanted, lost, worst, losing, hubs, won, interrupted } = measure(order, reserveOf);
    const percent = (part, whole) => (whole === 0 ? '-' : ((100 * part) / whole).toFixed(2));
    row([
      ...[order, name, percent(lost, wanted), `${percent(losing, lives)} %`, worst, (hubs / lives).toFixed(2)],
      ...[`${won} of ${lost}`, interrupted],
    ]);
  }
}
