import assert from 'node:assert/strict';
import { standardHost } from '../hosts.js';
import type { Victim } from '../inside/killed.js';
import type { Lab } from '../inside/lab.js';
import type { NestedQemu } from '../inside/nested-qemu.js';
import { type AddCheck, defineSuite, type Suite } from '../inside/suite.js';
import { objects } from './parts/as-before.js';
import { diskOf, mountPoint, tool } from './parts/host-disk.js';
import { nextCommands } from './parts/next-commands.js';
import { qplug, vmFile } from './parts/qplug.js';
import { driversOf, settled } from './parts/settled.js';
import { stateDisk } from './parts/state-disk.js';

/** A transaction to interrupt: what comes before it, its command line, and what removes the rest of it. */
interface Cut {
  /** Its name in the journal. */
  readonly kind: string;
  readonly title: string;
  prepare(vm: NestedQemu, lab: Lab): Promise<void>;
  words(vm: NestedQemu): readonly string[];
  /** What else must hold when the next command has recovered it. */
  after?(vm: NestedQemu): Promise<void>;
  /** The user that QEMU runs as; default root. */
  readonly user?: string;
  /** Kills only after that many lines; default: after each. */
  readonly just?: number;
}

const XHCI = ['-device', 'qemu-xhci,id=xhci'];

const DEVICES = ['serial=HS0001', 'serial=SS0001'];

async function must(words: readonly string[]): Promise<void> {
  const { code, err } = await qplug(words);
  assert.equal(code, 0, err);
}

/** An existing snapshot is complete, with its tree, and the guest runs. */
async function wholeOrNot({ socket, qmp }: NestedQemu): Promise<void> {
  const { code, out, err } = await qplug(['snapshot', 'list', socket, '--json']);
  assert.equal(code, 0, err);
  const { snapshots } = JSON.parse(out) as { snapshots: { tag: string; known: boolean; missingOn: string[] }[] };
  for (const { known, missingOn } of snapshots) assert.deepEqual([known, missingOn], [true, []]);
  assert.equal(((await qmp.execute('query-status')) as { status: string }).status, 'running');
}

/** Runs always. test/oracle/crash.test.ts tries all steps of all transactions, with QEMUs whose host is a stand-in. */
const ATTACH: Cut = {
  kind: 'attach',
  title: 'attach',
  // the device is in, and nobody has said that it is
  just: 3,
  prepare: async () => undefined,
  words: ({ socket }) => ['attach', socket, 'serial=SS0001'],
};

/** Only in `npm run soak`. */
const CUTS: readonly Cut[] = [
  {
    kind: 'attach',
    title: 'attach of two',
    prepare: async () => undefined,
    words: ({ socket }) => ['attach', socket, ...DEVICES],
  },
  {
    kind: 'detach',
    title: 'detach',
    prepare: ({ socket }) => must(['attach', socket, ...DEVICES]),
    words: ({ socket }) => ['detach', socket, ...DEVICES],
  },
  {
    kind: 'release',
    title: 'release',
    prepare: ({ socket }) => must(['attach', socket, 'serial=SS0001']),
    words: () => ['release', 'serial=SS0001', '--yes'],
  },
  {
    kind: 'suspend',
    title: 'suspend',
    prepare: ({ socket }) => must(['attach', socket, ...DEVICES]),
    words: ({ socket }) => ['suspend', socket],
  },
  {
    kind: 'resume',
    title: 'resume',
    prepare: async ({ socket }) => {
      await must(['attach', socket, ...DEVICES]);
      await must(['suspend', socket]);
    },
    words: ({ socket }) => ['resume', socket],
  },
  {
    kind: 'snapshot',
    title: 'snapshot save',
    prepare: async ({ socket }) => {
      await must(['attach', socket, ...DEVICES]);
      // 3: the one before was undone
      const { code, err } = await qplug(['snapshot', 'delete', socket, 'clean']);
      assert.ok(code === 0 || code === 3, err);
    },
    words: ({ socket }) => ['snapshot', 'save', socket, 'clean'],
    after: wholeOrNot,
  },
  {
    kind: 'restore',
    title: 'snapshot restore',
    prepare: async ({ socket }) => {
      await must(['attach', socket, ...DEVICES]);
      await qplug(['snapshot', 'delete', socket, 'clean']);
      await must(['attach', socket, '--emulated', 'usb-tablet']);
      await must(['snapshot', 'save', socket, 'clean', '--keep']);
      await must(['detach', socket, 'qplug-usb-tablet']);
    },
    words: ({ socket }) => ['snapshot', 'restore', socket, 'clean'],
    after: async (vm) => {
      await wholeOrNot(vm);
      await qplug(['detach', vm.socket, 'qplug-usb-tablet']);
    },
  },
  {
    kind: 'snapshot-delete',
    title: 'snapshot delete',
    prepare: async ({ socket }) => {
      await qplug(['snapshot', 'delete', socket, 'clean']);
      await must(['snapshot', 'save', socket, 'clean']);
    },
    words: ({ socket }) => ['snapshot', 'delete', socket, 'clean'],
    after: wholeOrNot,
  },
  {
    kind: 'migrate',
    title: 'migrate',
    prepare: async ({ socket }, lab) => {
      await must(['attach', socket, ...DEVICES]);
      await otherSide?.quit();
      otherSide = await lab.startQemu([...XHCI, ...stateDisk(lab), '-incoming', otherEnd(socket)]);
    },
    words: ({ socket }) => ['migrate', socket, otherEnd(socket), '--with-detached'],
  },
  {
    kind: 'attach',
    title: 'attach to a VM of nobody',
    user: 'nobody',
    prepare: async () => undefined,
    words: ({ socket }) => ['attach', socket, ...DEVICES],
  },
  {
    kind: 'detach',
    title: 'detach from a VM of nobody',
    user: 'nobody',
    prepare: ({ socket }) => must(['attach', socket, ...DEVICES]),
    words: ({ socket }) => ['detach', socket, ...DEVICES],
  },
];

/** Where a VM's guest is sent. */
const otherEnd = (socket: string): string => `unix:${socket}.in`;

/** The QEMU that waits for it: ends with the migration, or with the next one. */
let otherSide: NestedQemu | undefined;

/** Whether its guest has left for good. */
async function hasLeft({ qmp }: NestedQemu): Promise<boolean> {
  return ((await qmp.execute('query-status')) as { status: string }).status === 'postmigrate';
}

async function runningQemu(lab: Lab, user: string | undefined): Promise<NestedQemu> {
  const vm = await lab.startQemu([...XHCI, ...stateDisk(lab), ...(user === undefined ? [] : ['-runas', user])]);
  await vm.qmp.execute('cont');
  return vm;
}

/**
 * Does a transaction once for each mark that it writes, and kills a process there. After each, the next command recovers: every device
 * belongs completely to the host or to the VM.
 */
async function cutOffEverywhere(
  lab: Lab,
  victim: Victim,
  { kind, prepare, words, after, user, just = 0 }: Cut,
): Promise<void> {
  const before = driversOf(lab);
  let vm = await runningQemu(lab, user);
  const had = await objects(vm);
  let marks: readonly string[] = [];
  let last = just;
  let next = lab.killedAt(just, victim, words(vm));
  for (let at = just; at <= last; at++) {
    await prepare(vm, lab);
    const go = await next;
    const cut = await go();
    lab.log(`${kind}, ${victim} killed at ${at}: ${cut.marks.at(-1)}`);
    if (at === 0) {
      assert.equal(cut.end.code, 0, cut.end.stderr);
      marks = cut.marks;
      last = marks.length;
      assert.ok(marks.some((mark) => mark.startsWith(`${kind} `)));
    } else if (victim === 'qplug') {
      assert.equal(cut.end.signal, 'SIGKILL', cut.end.stderr);
      assert.equal(cut.marks.length, at);
      if (at > just) assert.deepEqual(cut.marks, marks.slice(0, at), 'it comes as far as the time before');
    }
    const dead = victim === 'qemu' && at > 0;
    if (dead) await vm.process.finished;
    await nextCommands(lab);
    if (!dead) await after?.(vm);
    const ids = await settled(lab, before, dead ? [] : [{ vm, had }]);
    if (dead) vm = await runningQemu(lab, user);
    else if (await hasLeft(vm)) {
      assert.deepEqual(ids, [], 'what is left of a VM has no device');
      await vm.quit();
      vm = await runningQemu(lab, user);
    } else {
      for (const id of ids) await must(['detach', vm.socket, id]);
      assert.deepEqual(await settled(lab, before, [{ vm, had }]), []);
      await must(['resume', vm.socket]);
    }
    // Node takes longer to start here than all the rest
    if (at < last) next = lab.killedAt(at + 1, victim, words(vm));
  }
}

function cutOff(add: AddCheck['soak'], victim: Victim, cut: Cut): void {
  add(
    `${victim} killed ${cut.just === undefined ? 'at each step' : 'in the middle'} of ${cut.title}: the next command leaves every device whole`,
    (lab) => cutOffEverywhere(lab, victim, cut),
    { timeout: 300_000 },
  );
}

/** SIGKILL at every step. */
const suite: Suite = defineSuite({ title: 'crash', source: import.meta.url, machine: standardHost }, (check) => {
  cutOff(check, 'qplug', ATTACH);
  for (const victim of ['qplug', 'qemu'] as const) {
    for (const cut of CUTS) cutOff(check.soak, victim, cut);
  }
  check.soak(
    'a disk that the host has mounted since a killed qplug took it out is not put back into the VM',
    async (lab) => {
      const before = driversOf(lab);
      const vm = await runningQemu(lab, undefined);
      const had = await objects(vm);
      tool('modprobe', 'ext4');
      tool('mkfs.ext4', '-q', '-F', await diskOf(lab, 'HS0001'));
      await must(['attach', vm.socket, 'serial=HS0001']);
      const go = await lab.killedAt(3, 'qplug', ['snapshot', 'save', vm.socket, 'clean']);
      assert.match((await go()).marks.at(-1) ?? '', / "remove" 0 done$/);
      const at = mountPoint(lab);
      tool('mount', '-o', 'ro', await diskOf(lab, 'HS0001'), at);
      const told = await nextCommands(lab);
      assert.match(
        told,
        /^warning: .* stays with the host; qplug did not put it back into .*: \/dev\/sd. mounted at .*$/m,
      );
      assert.deepEqual(await settled(lab, before, [{ vm, had }]), []);
      tool('umount', at);
      await must(['attach', vm.socket, 'serial=HS0001']);
      assert.equal((await settled(lab, before, [{ vm, had }])).length, 1);
      await vm.quit();
    },
  );

  for (const victim of ['qplug', 'qemu'] as const) {
    check.soak(
      `${victim} killed at each step of a start: no VM is left half started, and no device without its driver`,
      async (lab) => {
        const before = driversOf(lab);
        const words = ['run', vmFile(lab, `usb: { devices: [${DEVICES.join(', ')}] }`), '--detach'];
        let marks: readonly string[] = [];
        let next = lab.killedAt(0, victim, words);
        for (let at = 0; at <= marks.length; at++) {
          const go = await next;
          const { marks: written, end } = await go();
          lab.log(`run, ${victim} killed at ${at}: ${written.at(-1)}: ${end.code}`);
          if (at === 0) {
            assert.equal(end.code, 0, end.stderr);
            marks = written;
          } else assert.equal(end.signal, victim === 'qplug' ? 'SIGKILL' : null, end.stderr);
          await nextCommands(lab);
          const { code, out, err } = await qplug(['list', '--json']);
          assert.equal(code, 0, err);
          const runs = (JSON.parse(out) as { vms: { name: string }[] }).vms.length > 0;
          const went = written.some((mark) => mark.includes('"go"'));
          if (victim === 'qplug') assert.equal(runs, went, `after ${written.at(-1)}: ${err}`);
          // there may be no QEMU yet, or none any more that could be killed
          else assert.ok(!runs || end.code === 0, end.stderr);
          if (runs) await must(['kill', 'bench']);
          assert.deepEqual(await settled(lab, before, []), []);
          if (at < marks.length) next = lab.killedAt(at + 1, victim, words);
        }
      },
      { timeout: 400_000 },
    );
  }
});

export default suite;
