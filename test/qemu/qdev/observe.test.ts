import { describe, expect, test } from 'vitest';
import { FULL, freePorts, HIGH, LOW, SUPER, type Topology } from '../../../src/qdev/index.js';
import { RawQemu, systemVersion, withoutSound } from '../harness/raw-qmp.js';

/** The parts of a topology that a person would check, without product names and QOM paths. */
function summary(topology: Topology) {
  return topology.controllers.map(({ bus, model, devices }) => ({
    bus,
    model,
    devices: devices.map(
      ({ id, driver, port, megabits }) => `${port ?? '?'} ${driver}${id ? ` ${id}` : ''} ${megabits}`,
    ),
  }));
}

const masks = (topology: Topology, bus: string) =>
  topology.controllers.find((one) => one.bus === bus)?.ports.map(({ mask }) => mask);

describe('observeTopology on a real QEMU', () => {
  test('a VM without USB has no controllers', async () => {
    await using qemu = await RawQemu.start(['-M', 'q35']);
    const topology = await qemu.observe();
    expect(topology.controllers).toEqual([]);
    expect(topology.hotplug).toEqual([]);
    expect([...topology.ids]).toEqual([]);
  });

  test('pc -usb with a port-less mouse: the default UHCI is found, and the mouse has its real port', async () => {
    await using qemu = await RawQemu.start(['-M', 'pc', '-usb', '-device', 'usb-mouse']);
    const topology = await qemu.observe();
    expect(summary(topology)).toEqual([{ bus: 'usb-bus.0', model: 'piix3-usb-uhci', devices: ['1 usb-mouse 12'] }]);
    expect(topology.controllers[0]).toMatchObject({ id: undefined, known: true });
    expect(topology.controllers[0]?.qomPath).toMatch(/^\/machine\/unattached\/device\[\d+\](?:\/uhci)?$/);
    expect(topology.controllers[0]?.devices[0]).toMatchObject({
      id: undefined,
      attached: true,
      product: 'QEMU USB Mouse',
      qomPath: '/machine/peripheral-anon/device[0]',
      automatic: false,
    });
  });

  test('pc -usb with two port-less devices: the hub that QEMU inserted is told as automatic, the second is behind it', async () => {
    await using qemu = await RawQemu.start(['-M', 'pc', '-usb', '-device', 'usb-mouse', '-device', 'usb-kbd']);
    const topology = await qemu.observe();
    expect(summary(topology)[0]?.devices.sort()).toEqual(['1 usb-mouse 12', '2 usb-hub 12', '2.1 usb-kbd 12']);
    const hub = topology.controllers[0]?.devices.find(({ driver }) => driver === 'usb-hub');
    expect(hub).toMatchObject({ automatic: true, hubPorts: 8, id: undefined });
    expect(freePorts(topology.controllers[0]!).map(({ port }) => port)).toEqual([
      '2.2',
      '2.3',
      '2.4',
      '2.5',
      '2.6',
      '2.7',
      '2.8',
    ]);
  });

  test('q35 -usb: the three companions have no bus and widen all six ports of the EHCI', async () => {
    await using qemu = await RawQemu.start(['-M', 'q35', '-usb', '-usbdevice', 'tablet']);
    const topology = await qemu.observe();
    expect(summary(topology)).toEqual([{ bus: 'usb-bus.0', model: 'ich9-usb-ehci1', devices: ['1 usb-tablet 480'] }]);
    expect(masks(topology, 'usb-bus.0')).toEqual(Array(6).fill(LOW | FULL | HIGH));
  });

  test('ids, nested hubs, id-less twins and an unattached usb-host are all told apart', async () => {
    const on = (driver: string, rest: string) => ['-device', `${driver},${rest}`];
    await using qemu = await RawQemu.start([
      '-M',
      'pc',
      ...on('qemu-xhci', 'id=x,p2=3,p3=5'),
      ...on('pci-ohci', 'id=o,num-ports=2'),
      ...on('usb-hub', 'id=h1,bus=x.0,port=2,ports=3'),
      ...on('usb-hub', 'bus=x.0,port=2.3,ports=2'),
      ...on('usb-kbd', 'bus=x.0,port=2.3.2'),
      ...on('usb-kbd', 'bus=x.0,port=2.3.1'),
      ...on('usb-kbd', 'id=k,bus=x.0,port=1,usb_version=1'),
      ...on('usb-host', 'id=filter,vendorid=0x1234,bus=x.0,port=3'),
      ...on('usb-host', 'vendorid=0x1234,bus=o.0,port=2'),
    ]);
    const topology = await qemu.observe();
    expect(summary(topology)).toEqual([
      { bus: 'o.0', model: 'pci-ohci', devices: ['2 usb-host undefined'] },
      {
        bus: 'x.0',
        model: 'qemu-xhci',
        devices: [
          '2 usb-hub h1 12',
          '2.3 usb-hub 12',
          '2.3.2 usb-kbd 12',
          '2.3.1 usb-kbd 12',
          '1 usb-kbd k 12',
          '3 usb-host filter undefined',
        ],
      },
    ]);
    const [ohci, xhci] = topology.controllers;
    expect(ohci?.devices[0]).toMatchObject({ attached: false, host: undefined, id: undefined });
    expect(xhci?.devices.map(({ attached }) => attached)).toEqual([true, true, true, true, true, false]);
    expect(xhci?.devices.map(({ hubPorts }) => hubPorts)).toEqual([3, 2, undefined, undefined, undefined, undefined]);
    expect(masks(topology, 'x.0')).toEqual([15, 15, 15, SUPER, SUPER]);
    expect(masks(topology, 'o.0')).toEqual([3, 3]);
    expect([...topology.ids].sort()).toEqual(['filter', 'h1', 'k', 'o', 'x']);
    expect(freePorts(xhci!).map(({ port }) => port)).toEqual(['2.1', '2.2', '4', '5']);
  });

  test('port-less twins without id, on two controllers without id: each has the port and bus that QEMU gave it', async () => {
    await using qemu = await RawQemu.start(['-M', 'pc', '-device', 'qemu-xhci', '-device', 'piix3-usb-uhci']);
    const add = (args: object) => qemu.add({ driver: 'usb-kbd', ...args });
    expect(await add({ bus: 'usb-bus.0' })).toBeUndefined();
    expect(await add({ bus: 'usb-bus.0' })).toBeUndefined();
    expect(await add({ bus: 'usb-bus.1' })).toBeUndefined();
    expect(await add({ bus: 'usb-bus.0', id: 'named' })).toBeUndefined();
    // The first goes; its port is now last in QEMU's list, so ports are not given in the order of creation any more.
    expect(await qemu.ask('device_del', { id: '/machine/peripheral-anon/device[2]' })).toEqual({ ok: {} });
    expect(await add({ bus: 'usb-bus.0' })).toBeUndefined();
    expect(await add({ bus: 'usb-bus.0' })).toBeUndefined();
    const topology = await qemu.observe();
    const text = await qemu.ask('x-query-usb');
    const told = summary(topology).flatMap(({ devices }) => devices.map((line) => line.split(' ')[0]));
    const printed = [...JSON.stringify(text).matchAll(/Port ([\d.]+),/g)].map((match) => match[1]);
    expect(told.sort()).toEqual(printed.sort());
    // The same by the other road: what is removed by its QOM path frees just the port that was told.
    const twins = topology.controllers.flatMap(({ bus, devices }) => devices.map((device) => ({ bus, ...device })));
    const outcomes: (string | undefined)[] = [];
    for (const twin of twins.filter(({ driver, id }) => driver === 'usb-kbd' && id === undefined)) {
      await qemu.ask('device_del', { id: twin.qomPath });
      outcomes.push(await add({ id: `probe-${outcomes.length}`, bus: twin.bus, port: twin.port }));
    }
    expect(outcomes).toEqual([undefined, undefined, undefined, undefined]);
  });

  test('a stock VM of fourteen devices is read in at most nine round trips', async () => {
    const devices = Array.from({ length: 14 }, (_, i) => ['-device', `usb-tablet,id=t${i},bus=x.0,port=${i + 1}`]);
    await using qemu = await RawQemu.start(['-M', 'q35', '-device', 'qemu-xhci,id=x,p2=15,p3=15', ...devices.flat()]);
    const topology = await qemu.observe();
    expect(topology.controllers[0]?.devices.map(({ port }) => port)).toEqual(
      Array.from({ length: 14 }, (_, i) => String(i + 1)),
    );
    expect(topology.controllers[0]?.devices.every(({ megabits }) => megabits === 480)).toBe(true);
    expect(qemu.roundTrips).toBeLessThanOrEqual(9);
  });

  test('partial companions widen only the ports that they cover', async () => {
    await using qemu = await RawQemu.start([
      '-M',
      'q35',
      '-device',
      'ich9-usb-ehci1,id=e,bus=pcie.0,addr=1d.7,multifunction=on',
      '-device',
      'ich9-usb-uhci1,id=u,bus=pcie.0,addr=1d.0,multifunction=on,masterbus=e.0,firstport=1',
      '-device',
      'ich9-usb-uhci4,id=alone,bus=pcie.0,addr=1a.0',
      '-device',
      'usb-kbd,bus=e.0,port=3,usb_version=1,id=k',
    ]);
    const topology = await qemu.observe();
    const usb12 = LOW | FULL | HIGH;
    expect(masks(topology, 'e.0')).toEqual([HIGH, usb12, usb12, HIGH, HIGH, HIGH]);
    expect(masks(topology, 'alone.0')).toEqual([LOW | FULL, LOW | FULL]);
    expect(topology.controllers.map(({ bus }) => bus)).toEqual(['alone.0', 'e.0']);
    expect(topology.controllers[1]?.devices[0]).toMatchObject({ port: '3', megabits: 12 });
  });

  test('two buses of one name are told as unknown, for `bus=` could mean either', async () => {
    await using qemu = await RawQemu.start([
      '-M',
      'pc',
      '-usb',
      '-device',
      'qemu-xhci,id=usb-bus',
      '-device',
      'qemu-xhci,id=x',
    ]);
    const topology = await qemu.observe();
    expect(topology.controllers.map(({ bus, known }) => [bus, known])).toEqual([
      ['usb-bus.0', false],
      ['usb-bus.0', false],
      ['x.0', true],
    ]);
  });

  test('a controller whose unplug is pending is read like any other', async () => {
    await using qemu = await RawQemu.start([
      '-M',
      'pc',
      '-device',
      'qemu-xhci,id=x',
      '-device',
      'usb-kbd,id=k,bus=x.0,port=1',
    ]);
    expect(await qemu.ask('device_del', { id: 'x' })).toEqual({ ok: {} });
    expect(summary(await qemu.observe())).toEqual([{ bus: 'x.0', model: 'qemu-xhci', devices: ['1 usb-kbd k 480'] }]);
    await qemu.ask('system_reset');
    await expect.poll(async () => (await qemu.observe()).controllers).toEqual([]);
  });

  test('a usb-uas without disks is there, not attached; and a usb-bot that was completed is attached', async () => {
    await using qemu = await RawQemu.start(['-M', 'pc', '-device', 'qemu-xhci,id=x']);
    expect(await qemu.add({ driver: 'usb-uas', id: 'u', bus: 'x.0', port: '1' })).toBeUndefined();
    expect(await qemu.add({ driver: 'usb-bot', id: 'b', bus: 'x.0', port: '2' })).toBeUndefined();
    await qemu.ask('qom-set', { path: '/machine/peripheral/b', property: 'attached', value: true });
    const topology = await qemu.observe();
    expect(topology.controllers[0]?.devices.map(({ id, attached, megabits }) => [id, attached, megabits])).toEqual([
      ['u', false, undefined],
      ['b', true, 5000],
    ]);
  });
});

describe('hot-plug slots of a real QEMU', () => {
  test('q35: free root ports with a name of their own are slots; used, hotplug=off and nameless ones are not', async () => {
    const port = (id: string, n: number, more = '') => [
      '-device',
      `pcie-root-port,${id}bus=pcie.0,chassis=${n},addr=${n}.0${more}`,
    ];
    await using qemu = await RawQemu.start([
      '-M',
      'q35',
      ...port('id=rp10,', 2),
      ...port('id=rp2,', 3),
      ...port('id=used,', 4),
      ...port('id=off,', 5, ',hotplug=off'),
      ...port('', 6),
      '-device',
      'qemu-xhci,id=x,bus=used',
    ]);
    expect((await qemu.observe()).hotplug).toEqual([
      { bus: 'rp2', capacity: 1 },
      { bus: 'rp10', capacity: 1 },
    ]);
    expect(await qemu.add({ driver: 'qemu-xhci', id: 'y', bus: 'rp2' })).toBeUndefined();
    const after = await qemu.observe();
    expect(after.hotplug).toEqual([{ bus: 'rp10', capacity: 1 }]);
    expect(after.controllers.map(({ bus }) => bus)).toEqual(['x.0', 'y.0']);
  });

  test('pc: pci.0 has as many slots as QEMU then takes controllers', async () => {
    await using qemu = await RawQemu.start(['-M', 'pc', '-usb', '-device', 'qemu-xhci,id=x']);
    const { hotplug } = await qemu.observe();
    const outcomes: (string | undefined)[] = [];
    for (let n = 0; n < 32; n++) outcomes.push(await qemu.add({ driver: 'piix3-usb-uhci', id: `u${n}`, bus: 'pci.0' }));
    expect(hotplug).toEqual([{ bus: 'pci.0', capacity: outcomes.filter((outcome) => outcome === undefined).length }]);
    expect((await qemu.observe()).hotplug).toEqual([]);
  });

  test('pc: a bridge takes at least as many controllers as it is said to have room for (its slot 0 may be its own)', async () => {
    await using qemu = await RawQemu.start([
      '-M',
      'pc',
      '-device',
      'pci-bridge,id=br,chassis_nr=1',
      '-device',
      'usb-ehci,bus=br,addr=3',
    ]);
    const { hotplug } = await qemu.observe();
    const outcomes: (string | undefined)[] = [];
    for (let n = 0; n < 32; n++) outcomes.push(await qemu.add({ driver: 'piix3-usb-uhci', id: `u${n}`, bus: 'br' }));
    const fitted = outcomes.filter((outcome) => outcome === undefined).length;
    expect(hotplug.find(({ bus }) => bus === 'br')).toEqual({ bus: 'br', capacity: 30 });
    expect(fitted).toBeGreaterThanOrEqual(30);
  });

  test.each([
    ['-machine', 'acpi=off'],
    ['-global', 'PIIX4_PM.acpi-root-pci-hotplug=off'],
  ])('pc with %s %s: no slots, and QEMU refuses', async (...more) => {
    await using qemu = await RawQemu.start(['-M', 'pc', ...more]);
    expect((await qemu.observe()).hotplug).toEqual([]);
    expect(await qemu.add({ driver: 'qemu-xhci', id: 'x' })).toBe("Bus 'pci.0' does not support hotplugging");
  });
});

describe('boards', () => {
  const arm = (machine: string, ...more: string[]) =>
    RawQemu.start(['-M', machine, '-serial', 'null', ...withoutSound(systemVersion('qemu-system-aarch64')), ...more], {
      command: ['qemu-system-aarch64'],
    });

  test('raspi3b: the dwc2 deep in the SoC is found with its one port', async () => {
    await using qemu = await arm(
      'raspi3b',
      '-device',
      'usb-hub,bus=usb-bus.0,port=1',
      '-device',
      'usb-kbd,bus=usb-bus.0,port=1.4,id=k',
    );
    const topology = await qemu.observe();
    expect(summary(topology)).toEqual([
      { bus: 'usb-bus.0', model: 'dwc2-usb', devices: ['1 usb-hub 12', '1.4 usb-kbd k 12'] },
    ]);
    expect(masks(topology, 'usb-bus.0')).toEqual([LOW | FULL | HIGH]);
  });

  test('virt: a controller behind a root port, and a free root port as slot', async () => {
    await using qemu = await arm(
      'virt',
      '-cpu',
      'cortex-a57',
      '-device',
      'pcie-root-port,id=rp1,chassis=1',
      '-device',
      'pcie-root-port,id=rp2,chassis=2',
      '-device',
      'qemu-xhci,id=x,bus=rp1',
    );
    const topology = await qemu.observe();
    expect(topology.hotplug).toEqual([{ bus: 'rp2', capacity: 1 }]);
    expect(masks(topology, 'x.0')).toEqual([15, 15, 15, 15]);
    expect(await qemu.add({ driver: 'nec-usb-xhci', id: 'y', bus: 'rp2' })).toBeUndefined();
  });

  test.each([
    ['xlnx-zcu102', ['sysbus-xhci', 'sysbus-xhci'], 4, 15],
    ['mcimx7d-sabre', ['usb-chipidea', 'usb-chipidea', 'usb-chipidea'], 1, HIGH],
    // Its EHCI has a sysbus OHCI as companion.
    ['npcm750-evb', ['npcm7xx-ehci-usb'], 1, LOW | FULL | HIGH],
    ['smdkc210', ['exynos4210-ehci-usb'], 6, HIGH],
    ['ast2600-evb', ['platform-ehci-usb', 'platform-ehci-usb'], 6, HIGH],
  ] as const)('%s: its controllers are known, and QEMU has just their ports', async (machine, models, ports, mask) => {
    await using qemu = await arm(machine);
    const topology = await qemu.observe();
    expect(topology.controllers.map(({ model }) => model)).toEqual(models);
    expect(masks(topology, 'usb-bus.0')).toEqual(Array(ports).fill(mask));
    const beyond = { driver: 'usb-tablet', bus: 'usb-bus.0', port: String(ports + 1) };
    expect(await qemu.add({ driver: 'usb-tablet', bus: 'usb-bus.0', port: String(ports), id: 't' })).toBeUndefined();
    expect(await qemu.add(beyond)).toContain('not found');
    const slow = { driver: 'usb-wacom-tablet', bus: 'usb-bus.0', port: '1' };
    await qemu.ask('device_del', { id: 't' });
    expect((await qemu.add(slow)) === undefined).toBe((mask & FULL) !== 0);
  });

  test('microvm -usb: the sysbus xHCI with eight ports', async () => {
    await using qemu = await RawQemu.start([
      '-M',
      'microvm,acpi=on',
      '-usb',
      '-device',
      'usb-tablet,id=t,bus=usb-bus.0,port=8',
    ]);
    const topology = await qemu.observe();
    expect(summary(topology)).toEqual([{ bus: 'usb-bus.0', model: 'sysbus-xhci', devices: ['8 usb-tablet t 480'] }]);
    expect(masks(topology, 'usb-bus.0')).toEqual(Array(8).fill(15));
  });
});
