import { readdirSync, readFileSync, statSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { HostAccess } from '../../../src/access/index.js';
import { recordedSysfs } from '../../../src/host/index.js';
import { attach, detach, openVm } from '../../../src/vm/index.js';
import { recording } from '../../unit/host/recordings.js';
import { runs } from '../../unit/runs.js';
import { type PlainQemu, startQemu } from '../harness/plain-qemu.js';
import { type QmpProxy, startProxy } from '../harness/qmp-proxy.js';
import { standIn } from '../harness/stand-in.js';
import { makeWorld, topologyOf, type World } from '../harness/vm-world.js';

/** 1,020 in `npm run soak`. */
const ROUNDS = runs(17);

/** Rounds after which all that is made once is there. */
const WARM = Math.ceil(ROUNDS / 4);

const DEVICES = ['1-2', '3-1'];

let world: World;
let host: HostAccess;
let qemu: PlainQemu;
let proxy: QmpProxy;
beforeEach(async () => {
  world = makeWorld();
  host = { ...world.host, sysfs: recordedSysfs(recording('six-devices')) };
  qemu = await startQemu('-machine', 'pc', '-accel', 'tcg', '-device', 'qemu-xhci,id=x,p2=8,p3=8');
  proxy = await startProxy(qemu.socket, standIn());
});
afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  await qemu[Symbol.asyncDispose]();
  world[Symbol.dispose]();
});

/** What must not grow. Sizes are in bytes. */
interface Figures {
  readonly descriptors: number;
  readonly descriptorsOfQemu: number;
  readonly objectsOfQemu: number;
  readonly database: number;
  readonly journal: number;
  readonly heap: number;
  readonly memoryOfQemu: number;
}

async function figures(): Promise<Figures> {
  global.gc?.();
  const pid = qemu.process.pid ?? 0;
  const resident = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  const { controllers } = await topologyOf(world, qemu.socket);
  const sizeOf = (end: string): number => statSync(`${host.claims.path}${end}`, { throwIfNoEntry: false })?.size ?? 0;
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    descriptorsOfQemu: readdirSync(`/proc/${pid}/fd`).length,
    objectsOfQemu: controllers.flatMap(({ devices }) => devices).length,
    database: sizeOf('') + sizeOf('-wal'),
    journal: readdirSync(host.journal.folder).length,
    heap: process.memoryUsage().heapUsed,
    memoryOfQemu: 1024 * Number(resident),
  };
}

async function round(): Promise<void> {
  const operation = world.operation();
  await using vm = await openVm(proxy.socket, host, operation);
  const { devices } = await attach(vm, { selectors: DEVICES }, host, operation);
  expect(devices.map(({ outcome }) => outcome)).toEqual(['attached', 'attached']);
  await detach(vm, DEVICES, host, operation);
}

test(`${ROUNDS} rounds of attach and detach leave nothing behind that grows`, { timeout: 1_800_000 }, async () => {
  for (let index = 0; index < WARM; index++) await round();
  const before = await figures();
  for (let index = WARM; index < ROUNDS; index++) await round();
  const after = await figures();
  console.log(`after ${WARM} rounds ${JSON.stringify(before)}\nafter ${ROUNDS} rounds ${JSON.stringify(after)}`);
  const { heap, memoryOfQemu, ...counted } = after;
  const { heap: heapBefore, memoryOfQemu: memoryBefore, ...countedBefore } = before;
  // a connection that was closed may not be gone yet on the other side
  expect(counted.descriptors).toBeLessThanOrEqual(countedBefore.descriptors + 2);
  expect(counted.descriptorsOfQemu).toBeLessThanOrEqual(countedBefore.descriptorsOfQemu + 2);
  expect([counted.objectsOfQemu, counted.journal]).toEqual([0, 0]);
  // the log is written from its start again as soon as it has 1,000 pages of 4 KiB, SQLite's default
  expect(counted.database).toBeLessThan(5 << 20);
  expect(heap).toBeLessThan(2 * heapBefore + (20 << 20));
  expect(memoryOfQemu).toBeLessThan(1.5 * memoryBefore);
});
