import { afterEach, beforeEach, expect, test } from 'vitest';
import { findVm, killVm, openVm, prepare } from '../../../src/vm/index.js';
import { readTopology } from '../../../src/vm/observe/read-topology.js';
import { StartedVms } from '../harness/started-vms.js';
import { treeOf, type World } from '../harness/vm-world.js';

let vms: StartedVms;
let world: World;
beforeEach(() => {
  vms = new StartedVms();
  world = vms.world;
});
afterEach(() => vms[Symbol.asyncDispose]());

const HEAD = 'accel: [tcg]\nmemory: 64M\nqemu: { args: [-nic, none] }\n';
const device = (id: string): string => `{ emulated: usb-tablet, id: ${id}, properties: { usb_version: 1 } }`;
const file = (devices: readonly string[], controllers = '{ id: x, model: qemu-xhci, ports: 8 }'): string =>
  `${HEAD}usb: { controllers: [${controllers}], devices: [${devices.join(', ')}] }\n`;

/** Starts the VM, tells where its devices and its controllers are, and ends it. */
async function oneStart(text: string, forget = false): Promise<{ devices: string[]; addresses: string[] }> {
  const vm = await vms.start(text, { forget });
  expect(vm.findings).toEqual([]);
  const devices = await treeOf(world, vm.record.sockets.owner);
  const { options } = await prepare(vm.record.file, world.host, undefined, {
    full: false,
    signal: new AbortController().signal,
  });
  const addresses = options.flatMap(
    (option) =>
      /"id":"(x|e)".*"addr":"([^"]*)"/.exec(JSON.stringify(option).replaceAll('\\', ''))?.slice(1).join(' ') ?? [],
  );
  await killVm(await findVm('bench', world.host), world.host, world.operation());
  return { devices: devices.map((one) => one.split(' ').slice(0, 4).join(' ')).sort(), addresses };
}

test('the next start gives every device its port and every controller its address, whatever was added before them', async () => {
  const first = await oneStart(file([device('m'), device('n')]));
  expect(first).toEqual({ devices: ['x.0 1 usb-tablet m', 'x.0 2 usb-tablet n'], addresses: ['x 10.0'] });
  const second = await oneStart(
    file([device('a'), device('n'), device('m')], '{ id: e, model: usb-ehci }, { id: x, model: qemu-xhci, ports: 8 }'),
  );
  expect(second.devices).toContain('x.0 1 usb-tablet m');
  expect(second.devices).toContain('x.0 2 usb-tablet n');
  expect(second.addresses).toEqual(['e 11.0', 'x 10.0']);
  const third = await oneStart(file([device('a'), device('n'), device('m')]), true);
  expect(third.devices).toEqual(['x.0 1 usb-tablet a', 'x.0 2 usb-tablet m', 'x.0 3 usb-tablet n']);
});

test('a device that was behind a hub of the plan finds the hub again', async () => {
  const many = Array.from({ length: 5 }, (_, i) => device(`d${i}`));
  const small = '{ id: x, model: qemu-xhci, ports: 4 }';
  const before = (await oneStart(file(many, small))).devices;
  const behind = before.filter((one) => / \d+\.\d+ /.test(one));
  expect(behind.length).toBeGreaterThan(0);
  const fewer = many.filter((one) => behind.some((line) => one.includes(`id: ${line.split(' ')[3]},`)));
  expect((await oneStart(file(fewer, small))).devices).toEqual(expect.arrayContaining(behind));
});

test('a memory that can’t be read is told, and the VM starts all the same', async () => {
  await oneStart(file([device('m')]));
  world.file('state/places/bench.json', '{ "format": 1, "vm":');
  const vm = await vms.start(file([device('m')]));
  expect(vm.findings).toMatchObject([{ code: 'places-unreadable', severity: 'warning' }]);
  await using open = await openVm('bench', world.host, world.operation());
  expect((await readTopology(open.qmp, new AbortController().signal)).controllers[0]?.devices).toHaveLength(1);
});
