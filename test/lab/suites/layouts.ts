import assert from 'node:assert/strict';
import { standardHost } from '../hosts.js';
import type { LabDevice } from '../inside/devices.js';
import type { Lab } from '../inside/lab.js';
import type { NestedQemu } from '../inside/nested-qemu.js';
import { type AddCheck, defineSuite, type Suite } from '../inside/suite.js';
import { qplug as inThisProcess, type Said } from './parts/qplug.js';
import { countByQemu, seenByQemu, speedsByQemu } from './parts/seen-by-qemu.js';

/** A VM that a person started by hand. */
interface Layout {
  readonly name: string;
  readonly machine: readonly string[];
  /** Without `--slower allow` the SuperSpeed disk has no place. */
  readonly superSpeed: boolean;
}

const device = (...specs: readonly string[]): string[] => specs.flatMap((spec) => ['-device', spec]);

const layouts: readonly Layout[] = [
  {
    name: 'A: ich9-usb-ehci1 and qemu-xhci of 4 ports',
    machine: ['-M', 'q35', ...device('ich9-usb-ehci1,id=ehci', 'qemu-xhci,id=xhci,p2=4,p3=4')],
    superSpeed: true,
  },
  {
    name: 'B: qemu-xhci of 4 ports alone',
    machine: ['-M', 'pc', ...device('qemu-xhci,id=xhci,p2=4,p3=4')],
    superSpeed: true,
  },
  {
    name: 'C: piix3-usb-uhci and usb-ehci',
    machine: ['-M', 'pc', ...device('piix3-usb-uhci,id=uhci', 'usb-ehci,id=ehci')],
    superSpeed: false,
  },
  {
    name: 'D: qemu-xhci of 15 ports',
    machine: ['-M', 'q35', ...device('qemu-xhci,id=xhci,p2=15,p3=15')],
    superSpeed: true,
  },
  {
    name: 'E: ich9-usb-ehci1 with its three companions',
    machine: [
      ...['-M', 'q35'],
      ...device(
        'ich9-usb-ehci1,id=ehci,addr=1d.7,multifunction=on',
        'ich9-usb-uhci1,addr=1d.0,multifunction=on,masterbus=ehci.0,firstport=0',
        'ich9-usb-uhci2,addr=1d.1,multifunction=on,masterbus=ehci.0,firstport=2',
        'ich9-usb-uhci3,addr=1d.2,multifunction=on,masterbus=ehci.0,firstport=4',
      ),
    ],
    superSpeed: false,
  },
  {
    name: 'F: two qemu-xhci of 2 ports each',
    machine: ['-M', 'pc', ...device('qemu-xhci,id=left,p2=2,p3=2', 'qemu-xhci,id=right,p2=2,p3=2')],
    superSpeed: true,
  },
];

/** A device of the host, as the test knows it, and the selector that a person would type for it. */
interface Thing {
  readonly selector: string;
  readonly megabits: number;
  find(lab: Lab): LabDevice;
}

function named(lab: Lab, product: string): LabDevice {
  const found = lab.devices().find((one) => one.product === product);
  assert.ok(found, `${product} is plugged in`);
  return found;
}

/** In the order in which they are plugged; every kind of selector is among them. */
const things: readonly Thing[] = [
  { selector: 'serial=SS0001', megabits: 5000, find: (lab) => lab.device('SS0001') },
  { selector: '46f4:0001:HS0001', megabits: 480, find: (lab) => lab.device('HS0001') },
  { selector: 'QEMU USB Tablet', megabits: 480, find: (lab) => named(lab, 'QEMU USB Tablet') },
  { selector: '08e6:4433', megabits: 12, find: (lab) => lab.device('08e6:4433') },
  { selector: 'QEMU USB Mouse', megabits: 12, find: (lab) => named(lab, 'QEMU USB Mouse') },
  { selector: 'QEMU USB Keyboard', megabits: 12, find: (lab) => named(lab, 'QEMU USB Keyboard') },
];

/** The part of the document of `qplug attach --json` that matters here. */
interface Document {
  readonly devices: readonly {
    readonly id: string;
    readonly outcome: string;
    readonly bus: string;
    readonly port: string;
    readonly megabits: number;
    readonly native: number;
    readonly host: { readonly port: string; readonly serial: string | null };
  }[];
  readonly added: { readonly hubs: readonly string[]; readonly controllers: readonly string[] };
  readonly findings: readonly { readonly code: string }[];
}

type Run = (words: readonly string[]) => Promise<Said>;

/** How qplug is run: as a process, as a person would, or in this one to save the start of Node. */
function runner(lab: Lab, asProcess: boolean): Run {
  if (!asProcess) return (words) => inThisProcess(words);
  return async (words) => {
    const { code, stdout, stderr } = await lab.qplug(words);
    return { code: code ?? -1, out: stdout, err: stderr };
  };
}

/** Attaches one device and compares qplug's report with what QEMU shows. @returns its speed in the VM, and hubs added */
async function attachOne(
  lab: Lab,
  vm: NestedQemu,
  thing: Thing,
  run: Run,
  options: readonly string[] = [],
): Promise<{ id: string; megabits: number; hubs: number; codes: string[] }> {
  const host = thing.find(lab);
  assert.equal(host.speed, thing.megabits, `${thing.selector} on the host`);
  const { code, out, err } = await run(['attach', vm.socket, thing.selector, '--json', ...options]);
  assert.equal(code, 0, err);
  const { devices, added, findings } = JSON.parse(out) as Document;
  assert.equal(devices.length, 1);
  const [told] = devices;
  assert.ok(told);
  assert.deepEqual([told.outcome, told.native, told.host.port], ['attached', thing.megabits, host.name]);
  const seen = await seenByQemu(vm, told.id);
  assert.deepEqual(seen, { bus: told.bus, port: told.port, megabits: told.megabits, attached: true });
  assert.deepEqual(added.controllers, []);
  assert.deepEqual([...thing.find(lab).drivers.values()].filter(Boolean), [], `the host let go of ${thing.selector}`);
  lab.log(`${thing.selector}: ${told.bus} port ${told.port} at ${told.megabits} of ${told.native} Mb/s`);
  return { id: told.id, megabits: told.megabits, hubs: added.hubs.length, codes: findings.map((one) => one.code) };
}

/** Native placements of each boot, for the sum at the end. */
const reached = new Map<string, number>();

/** Which of the twelve runs qplug as a process for each device. */
const asProcesses = 'A, listed order';

function layoutCheck(check: AddCheck, layout: Layout, reverse: boolean): void {
  const order = reverse ? 'reverse order' : 'listed order';
  const key = `${layout.name[0]}, ${order}`;
  const expected = layout.superSpeed
    ? '6 of 6 at native speed'
    : '5 of 6 at native speed, the SuperSpeed disk refused until slower is allowed';
  check.soak(
    `${layout.name}, ${order}: ${expected}`,
    async (lab) => {
      const vm = await lab.startQemu(layout.machine);
      const run = runner(lab, key === asProcesses);
      let [native, hubs] = [0, 0];
      const placed = new Map<string, number>();
      for (const thing of reverse ? things.toReversed() : things) {
        const fits = layout.superSpeed || thing.megabits < 5000;
        if (!fits) await refused(lab, vm, thing, run);
        const one = await attachOne(lab, vm, thing, run, fits ? [] : ['--slower', 'allow']);
        assert.equal(one.megabits, fits ? thing.megabits : 480);
        assert.deepEqual(one.codes, fits ? [] : ['placed-slower']);
        native += one.megabits === thing.megabits ? 1 : 0;
        hubs += one.hubs;
        placed.set(one.id, one.megabits);
      }
      assert.equal(await countByQemu(vm), things.length + hubs, 'no device or hub that qplug did not name');
      // None was slowed down by those after it.
      const speeds = await speedsByQemu(vm);
      for (const [id, megabits] of placed) assert.equal(speeds.get(id), megabits, id);
      reached.set(key, native);
      await giveBack(lab, vm, [...placed.keys()], hubs, { detach: !reverse });
    },
    { timeout: 180_000 },
  );
}

/** Without `--slower allow`: exit 6, and qplug has touched neither QEMU nor the disk's driver. */
async function refused(lab: Lab, vm: NestedQemu, thing: Thing, run: Run): Promise<void> {
  const [before, drivers] = [await countByQemu(vm), [...thing.find(lab).drivers.values()]];
  const { code, out } = await run(['attach', vm.socket, thing.selector, '--json']);
  const document = JSON.parse(out) as { readonly code: string; readonly exit: number };
  assert.deepEqual([code, document.exit, document.code], [6, 6, 'only-slower']);
  assert.equal(await countByQemu(vm), before);
  assert.deepEqual([...thing.find(lab).drivers.values()], drivers);
}

/** Empties half of the VMs by one `detach` of all devices, and quits the others with all devices. The host has its drivers back. */
async function giveBack(
  lab: Lab,
  vm: NestedQemu,
  ids: readonly string[],
  hubs: number,
  { detach }: { readonly detach: boolean },
): Promise<void> {
  const free = (): string[] => things.flatMap((thing) => [...thing.find(lab).drivers.values()].map(String));
  const all = ['usb-storage', 'usb-storage', 'usbhid', 'undefined', 'usbhid', 'usbhid'];
  if (detach) {
    const { code, err } = await inThisProcess(['detach', vm.socket, ...ids]);
    assert.equal(code, 0, err);
    assert.deepEqual(free(), all);
    assert.equal(await countByQemu(vm), hubs);
  }
  await vm.quit();
  await lab.until('drivers', () => free().join() === all.join());
}

/**
 * Six VMs that another program started get six real devices one at a time, in two orders. One of the twelve runs qplug as a process
 * for every device; the others run the same command line in the process of the checks.
 */
const suite: Suite = defineSuite({ title: 'layouts', source: import.meta.url, machine: standardHost }, (check) => {
  for (const layout of layouts) {
    layoutCheck(check, layout, false);
    layoutCheck(check, layout, true);
  }

  check.soak('68 of 68 possible native placements over all layouts and both orders', async (lab) => {
    for (const [key, native] of reached) lab.log(`${key.padEnd(20)} ${native}`);
    const rows = Object.fromEntries(
      layouts.map(({ name: [letter = ''] }) => [
        letter,
        ['listed', 'reverse'].map((order) => reached.get(`${letter}, ${order} order`)),
      ]),
    );
    assert.deepEqual(rows, { A: [6, 6], B: [6, 6], C: [5, 5], D: [6, 6], E: [5, 5], F: [6, 6] });
    assert.equal(
      [...reached.values()].reduce((sum, native) => sum + native, 0),
      68,
    );
  });
});

export default suite;
