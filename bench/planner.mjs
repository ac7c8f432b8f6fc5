/**
 * `node bench/planner.mjs [--chart FILE]`, after a build, measures the processor time of a plan. Other work on the machine matters less to
 * it than to clock time; the engine's threads that compile and collect garbage count in full. It plans 10 to 10,000 devices in five mixes,
 * with 25 devices for each controller. It prints the minimum and the median of some rounds, the median as a multiple of the time that it
 * takes only to sort the devices and check the finished plan, and the growth from line to line compared with n log n. `first` is the first
 * plan of a process of its own, in which no code is compiled yet.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { plan } from '../dist/planner.js';
import { chart } from './planner-chart.mjs';
import { median } from './ratio.mjs';

const MASKS = { low: 1, full: 2, high: 6, super: 14 };
const NATIVE = ['low', 'full', 'high', 'super'];
const SIZES = [10, 32, 100, 316, 1000, 3162, 10000];

function device(n, native, more = {}) {
  const key = `d${n}`;
  const slower = n % 5 === 0 ? 'allow' : 'refuse';
  return { key, label: key, native, mask: MASKS[native], mandatory: n % 3 === 0, slower, ...more };
}

/** EHCI, UHCI, xHCI whose ports are not all SuperSpeed, xHCI; and again. */
function topology(count) {
  const kinds = [Array(6).fill(4), Array(2).fill(3), [...Array(8).fill(15), ...Array(7).fill(7)], Array(15).fill(15)];
  const controllers = Array.from({ length: count }, (_, i) => {
    const masks = kinds[(i + 3) % 4];
    return {
      bus: `c${i}.0`,
      id: `c${i}`,
      model: masks.length === 15 ? 'qemu-xhci' : 'usb-ehci',
      qomPath: undefined,
      ports: masks.map((mask, n) => ({ port: n + 1, mask })),
      slots: masks.length === 15 ? 64 : undefined,
      known: true,
      devices: [],
    };
  });
  return { version: { major: 7, minor: 2, micro: 0 }, controllers, hotplug: [], ids: new Set() };
}

/** A port of its own for each device, only on xHCI: eight root ports, then ports of hubs that are not there. */
function ownPlaces({ controllers }, count) {
  const xhci = controllers.filter(({ slots }) => slots !== undefined);
  return Array.from({ length: count }, (_, i) => {
    const { bus } = xhci[i % xhci.length];
    const n = Math.floor(i / xhci.length);
    const port = n < 8 ? `${n + 1}` : `${9 + Math.floor((n - 8) / 8)}.${((n - 8) % 8) + 1}`;
    return { place: { bus, port }, native: NATIVE[n < 8 ? 2 : i % 2] };
  });
}

const list = (count, make) => Array.from({ length: count }, (_, i) => make(i));

const MIXES = {
  plain: (count) => list(count, (i) => device(i, NATIVE[i % 4])),
  'slow-heavy': (count) => list(count, (i) => device(i, NATIVE[i % 10 === 0 ? 2 : i % 2])),
  'pinned to controllers': (count, vm) =>
    list(count, (i) => device(i, NATIVE[i % 4], { pin: { controller: vm.controllers[i % vm.controllers.length].id } })),
  'pinned to ports': (count, vm) =>
    ownPlaces(vm, count).map(({ place: { bus, port }, native }, i) =>
      device(i, native, { pin: { controller: bus, port } }),
    ),
  homes: (count, vm) => ownPlaces(vm, count).map(({ place, native }, i) => device(i, native, { home: place })),
};

function requestOf(mix, count) {
  const vm = topology(Math.max(1, Math.round(count / 25)));
  return { topology: vm, devices: MIXES[mix](count, vm), growth: { hubs: true, controllers: [] } };
}

function timed(work) {
  const start = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(start);
  return { ms: (user + system) / 1000, result };
}

/** The least work that a caller does with a request and its plan. */
function floor({ devices }, { placements }) {
  const sorted = [...devices].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const used = new Set(placements.map(({ bus, port }) => `${port}@${bus}`));
  if (used.size !== placements.length || sorted.length < used.size) throw new Error('a port is used twice');
}

function measure(mix, count) {
  const asked = requestOf(mix, count);
  const [times, floors] = [[], []];
  for (let round = 0; round < Math.max(5, Math.min(41, 20_000 / count)); round += 1) {
    const { ms, result } = timed(() => plan(asked));
    times.push(ms);
    floors.push(timed(() => floor(asked, result)).ms);
  }
  const ms = median(times.slice(1));
  return { count, least: Math.min(...times), ms, ratio: ms / median(floors.slice(1)) };
}

const [, , option, value] = process.argv;
if (option === '--first') {
  const asked = requestOf(value, 1000);
  process.stdout.write(`${timed(() => plan(asked)).ms}`);
} else {
  const lines = [];
  for (const mix of Object.keys(MIXES)) {
    const script = fileURLToPath(import.meta.url);
    const firsts = list(5, () =>
      Number(spawnSync(process.execPath, [script, '--first', mix], { encoding: 'utf8' }).stdout),
    );
    process.stdout.write(`${mix}: the first plan of a process, 1,000 devices: ${Math.min(...firsts).toFixed(0)} ms\n`);
    const points = SIZES.map((count) => measure(mix, count));
    points.forEach(({ count, least, ms, ratio }, i) => {
      const before = points[i - 1];
      const growth =
        before === undefined
          ? ''
          : `× ${(least / before.least).toFixed(1)} (n log n: × ${((count * Math.log(count)) / (before.count * Math.log(before.count))).toFixed(1)})`;
      process.stdout.write(
        `${String(count).padStart(7)} × ${String(Math.max(1, Math.round(count / 25))).padStart(3)} ${least.toFixed(2).padStart(9)} ms, median ${ms.toFixed(2).padStart(9)} ms   ${ratio.toFixed(0).padStart(5)} × floor   ${growth}\n`,
      );
    });
    lines.push({ name: mix, points: points.map(({ count, least }) => [count, least]) });
  }
  if (option === '--chart') writeFileSync(value, chart(lines));
}
