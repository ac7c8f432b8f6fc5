import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { inRounds } from '../../in-rounds.js';
import { standardHost } from '../hosts.js';
import type { Lab } from '../inside/lab.js';
import { type AddCheck, defineSuite, type Suite } from '../inside/suite.js';
import { objects } from './parts/as-before.js';
import { nextCommands } from './parts/next-commands.js';
import { qplug } from './parts/qplug.js';
import { driversOf, settled } from './parts/settled.js';
import { stateDisk } from './parts/state-disk.js';

/** How many ms one begins after the other: at once in every run, and in both orders. */
const OFFSETS = { 'at once': [0], 'in both orders': [-1500, -300, 0, 300, 1500] };

const XHCI = ['-device', 'qemu-xhci,id=xhci'];

async function after(ms: number, act: () => Promise<number>): Promise<number> {
  await delay(Math.max(0, ms));
  return act();
}

const code = async (words: readonly string[]): Promise<number> => (await qplug(words)).code;

/** Plugs in again an unplugged device. @returns the ids of the objects that still stand for it in a VM */
async function pluggedBack(lab: Lab): Promise<string[]> {
  await lab.plugBack('hs');
  const { claims } = JSON.parse((await qplug(['claims', '--json'])).out) as { claims: { device: { id: string } }[] };
  return claims.map(({ device }) => device.id);
}

/** Two commands at once, in both orders: afterwards every device belongs completely to the host or to one VM. */
function pair(
  check: AddCheck,
  name: string,
  {
    first,
    second,
    prepare,
    codes,
    pulls = false,
    soak = false,
  }: {
    readonly prepare: readonly string[];
    first(socket: string): readonly string[];
    second(lab: Lab, socket: string): Promise<number>;
    /** Whether the second unplugs `hs`. */
    readonly pulls?: boolean;
    readonly soak?: boolean;
    /** The exit codes that each may have. */
    readonly codes: readonly [readonly number[], readonly number[]];
  },
): void {
  for (const [when, offsets] of Object.entries(OFFSETS)) {
    const add = offsets.length === 1 && !soak ? check : check.soak;
    add(
      `${name}, ${when}: always one after the other`,
      async (lab) => {
        const before = driversOf(lab);
        for (const offset of offsets) {
          const vm = await lab.startQemu([...XHCI, ...stateDisk(lab)]);
          const had = await objects(vm);
          if (prepare.length > 0) assert.equal(await code(['attach', vm.socket, ...prepare]), 0);
          const ended = await Promise.all([
            after(-offset, () => code(first(vm.socket))),
            after(offset, () => second(lab, vm.socket)),
          ]);
          lab.log(`${offset} ms: ${ended.join(', ')}`);
          for (const [index, one] of ended.entries())
            assert.ok(codes[index]?.includes(one), `${name}: ${ended.join(', ')}`);
          await nextCommands(lab);
          const alive = await vm.qmp.execute('query-status').then(
            () => true,
            () => false,
          );
          const inside = alive ? [{ vm, had }] : [];
          const left = pulls ? await pluggedBack(lab) : await settled(lab, before, inside);
          for (const id of left) assert.equal(await code(['detach', vm.socket, id]), 0);
          assert.deepEqual(await settled(lab, before, inside), []);
          await vm.quit();
        }
      },
      { timeout: 120_000 },
    );
  }
}

/** The large race. A small one always runs, with QEMUs whose host is a stand-in (test/oracle/race.test.ts). */
const RACERS = 10;
const ROUNDS = 100;

/** Several at once. */
const suite: Suite = defineSuite({ title: 'races', source: import.meta.url, machine: standardHost }, (check) => {
  check.soak(
    `${RACERS} processes attach one device to ${RACERS} VMs at the same moment, ${ROUNDS} times: one winner each, the others refused by its name`,
    async (lab) => {
      const before = driversOf(lab);
      const vms = await Promise.all(Array.from({ length: RACERS }, () => lab.startQemu(XHCI)));
      const inside = await Promise.all(vms.map(async (vm) => ({ vm, had: await objects(vm) })));
      const folder = join(lab.folder, 'race');
      mkdirSync(folder);
      const outcomes = await inRounds(lab.program('racer'), folder, {
        processes: vms.length,
        rounds: ROUNDS,
        words: (index) => ['attach', vms[index]?.socket ?? '', 'serial=SS0001', '--timeout', '120'],
        after: async (told) => {
          lab.log(told.join(' | '));
          assert.equal((await settled(lab, before, inside)).length, 1);
          assert.equal(await code(['release', 'serial=SS0001', '--yes']), 0);
          assert.deepEqual(await settled(lab, before, inside), []);
        },
      });
      for (const told of outcomes) {
        const [winner, ...others] = told;
        assert.equal(winner, '0 ', told.join('\n'));
        for (const other of others) assert.match(other, /^5 error: 46f4:0001 .* belongs to another VM: /);
      }
    },
    { timeout: 2_400_000 },
  );

  pair(check, 'attach and detach of one device', {
    prepare: ['serial=HS0001'],
    first: (socket) => ['attach', socket, 'serial=HS0001'],
    second: (_, socket) => code(['detach', socket, 'serial=HS0001']),
    codes: [[0], [0]],
  });

  pair(check, 'two snapshots of one tag', {
    soak: true,
    prepare: ['serial=HS0001'],
    first: (socket) => ['snapshot', 'save', socket, 'clean'],
    second: (_, socket) => code(['snapshot', 'save', socket, 'clean']),
    // 5: it is there already
    codes: [
      [0, 5],
      [0, 5],
    ],
  });

  pair(check, 'a snapshot and detach of a device', {
    soak: true,
    prepare: ['serial=HS0001', 'serial=SS0001'],
    first: (socket) => ['snapshot', 'save', socket, 'clean'],
    second: (_, socket) => code(['detach', socket, 'serial=SS0001']),
    codes: [[0], [0]],
  });

  pair(check, 'attach and kill of its VM', {
    prepare: [],
    first: (socket) => ['attach', socket, 'serial=HS0001', 'serial=SS0001'],
    second: (_, socket) => code(['kill', socket]),
    // 3: nobody listens at the socket any more
    codes: [
      [0, 3, 8],
      [0, 1, 8],
    ],
  });

  pair(check, 'attach and the plug pulled', {
    pulls: true,
    prepare: [],
    first: (socket) => ['attach', socket, 'serial=HS0001'],
    second: async (lab) => {
      await lab.pull('hs');
      return 0;
    },
    codes: [[0, 1, 3], [0]],
  });
});

export default suite;
