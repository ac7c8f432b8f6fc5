import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import {
  type ControllerSpec,
  controllerDevice,
  deviceAddArguments,
  deviceOption,
  emulatedMask,
  formatPort,
  ich9Group,
  MAX_HUB_CHAIN,
  megabits,
  negotiate,
  pcieRootPort,
  portMask,
  portsOf,
  predictControllers,
  type Topology,
  usbHub,
  withController,
  withHub,
} from '../../../src/qdev/index.js';
import { PATIENCE } from '../../patience.js';
import { RawQemu } from '../harness/raw-qmp.js';

const JSON_FORM = { major: 7, minor: 0, micro: 0 };
const KEY_VALUE_FORM = { major: 6, minor: 2, micro: 0 };

const options = (specs: readonly ControllerSpec[], form = JSON_FORM) =>
  specs.flatMap((spec) => ['-device', deviceOption(controllerDevice(spec), form)]);

/** One emulated device for each distinct mask that QEMU has. usb-bot and usb-uas come up empty and are attached by hand. */
const PROBES = [
  { driver: 'usb-kbd', properties: { usb_version: 1 } },
  { driver: 'usb-tablet', properties: {} },
  { driver: 'usb-storage', properties: {} },
  { driver: 'usb-bot', properties: {} },
  { driver: 'usb-uas', properties: {} },
  { driver: 'usb-hub', properties: {} },
  { driver: 'usb-mtp', properties: { rootdir: '/' } },
  { driver: 'usb-wacom-tablet', properties: {} },
  { driver: 'usb-ccid', properties: {} },
];

/** Tries a device on a port of a real QEMU. @returns its speed in Mb/s as QEMU prints it, or undefined when refused */
async function tryPort(qemu: RawQemu, id: string, probe: (typeof PROBES)[number], bus: string, port: string) {
  const { driver, properties } = probe;
  const drive = driver === 'usb-storage' ? { drive: `node-${id}` } : {};
  await qemu.ask('blockdev-add', { driver: 'null-co', 'node-name': `node-${id}`, size: 1 << 20 });
  if ((await qemu.add({ driver, id, bus, port, ...properties, ...drive })) !== undefined) return undefined;
  const path = `/machine/peripheral/${id}`;
  const byHand = driver === 'usb-bot' || driver === 'usb-uas';
  const attach = byHand
    ? await qemu.ask('qom-set', { path, property: 'attached', value: true })
    : await qemu.ask('qom-get', { path, property: 'attached' });
  const text = JSON.stringify(await qemu.ask('x-query-usb'));
  await qemu.remove(id);
  if ('error' in attach) return undefined;
  const speed = new RegExp(`Port ([0-9.]+), Speed ([0-9.]+) Mb/s, Product [^\\\\]*, ID: ${id}\\\\n`).exec(text);
  expect(speed?.[1]).toBe(port);
  return Number(speed?.[2]);
}

/** The same question to the model. */
function predicted(topology: Topology, probe: (typeof PROBES)[number], bus: string, port: string) {
  const speed = negotiate(emulatedMask(probe.driver, probe.properties)?.mask ?? 0, portMask(topology, bus, port) ?? 0);
  return speed === undefined ? undefined : megabits(speed);
}

const onPci = (spec: Omit<ControllerSpec, 'id'>): ControllerSpec => ({
  id: 'c',
  pciBus: 'pcie.0',
  address: '5.0',
  ...spec,
});
const group = ich9Group('c', { pciBus: 'pcie.0', slot: 0x1d });
const parts = (...indexes: number[]) => indexes.map((i) => group[i]!);

const LAYOUTS: [string, ControllerSpec[]][] = [
  ['qemu-xhci', [onPci({ model: 'qemu-xhci' })]],
  ['qemu-xhci p2=3 p3=1', [onPci({ model: 'qemu-xhci', p2: 3, p3: 1 })]],
  ['nec-usb-xhci p2=1 p3=3', [onPci({ model: 'nec-usb-xhci', p2: 1, p3: 3 })]],
  ['qemu-xhci p2=0 p3=2', [onPci({ model: 'qemu-xhci', p2: 0, p3: 2 })]],
  ['qemu-xhci without ports', [onPci({ model: 'qemu-xhci', p2: 0, p3: 0 })]],
  ['usb-ehci', [onPci({ model: 'usb-ehci' })]],
  ['ich9-usb-ehci2', [onPci({ model: 'ich9-usb-ehci2' })]],
  ['ich9 group', group],
  ['ich9 group, middle companion alone', parts(0, 2)],
  ['ich9 EHCI with an odd firstport', [...parts(0), { ...parts(1)[0]!, firstport: 3 }]],
  ['ich9 EHCI with an OHCI of five', [...parts(0), { ...parts(1)[0]!, model: 'pci-ohci', numPorts: 5, firstport: 0 }]],
  ['piix3-usb-uhci', [onPci({ model: 'piix3-usb-uhci' })]],
  ['piix4-usb-uhci', [onPci({ model: 'piix4-usb-uhci' })]],
  ['ich9-usb-uhci5 alone', [onPci({ model: 'ich9-usb-uhci5' })]],
  ['pci-ohci', [onPci({ model: 'pci-ohci' })]],
  ['pci-ohci num-ports=0', [onPci({ model: 'pci-ohci', numPorts: 0 })]],
];

describe('every port of every controller takes just what the model says', () => {
  test.each(LAYOUTS)('%s', async (_, specs) => {
    await using qemu = await RawQemu.start(['-M', 'q35', ...options(specs)]);
    const topology = await qemu.observe();
    expect(topology.controllers.map(({ bus, ports }) => ({ bus, ports }))).toEqual(
      predictControllers(specs).map(({ bus, ports }) => ({ bus, ports })),
    );
    const last = topology.controllers[0]?.ports.length ?? 0;
    const cases = PROBES.flatMap((probe, p) =>
      Array.from({ length: last + 1 }, (_, i) => ({ probe, id: `d${p}-${i + 1}`, port: String(i + 1) })),
    );
    const real: string[] = [];
    for (const { probe, id, port } of cases) {
      real.push(`${probe.driver} on ${port}: ${await tryPort(qemu, id, probe, 'c.0', port)}`);
    }
    expect(real).toEqual(
      cases.map(({ probe, port }) => `${probe.driver} on ${port}: ${predicted(topology, probe, 'c.0', port)}`),
    );
  });

  test.each<[string, ControllerSpec[], string]>([
    ['beyond the last port', [...parts(0), { ...parts(1)[0]!, firstport: 5 }], 'firstport must be between 0 and 4'],
    [
      'on a port that is served already',
      [...parts(0, 1), { ...parts(2)[0]!, firstport: 1 }],
      'port 1 has a companion assigned already',
    ],
    [
      'more ports than the EHCI has',
      [...parts(0), { ...parts(1)[0]!, model: 'pci-ohci', numPorts: 7, firstport: 0 }],
      'ports',
    ],
    [
      'of a controller that takes none',
      [onPci({ model: 'usb-ehci' }), { ...parts(1)[0]! }],
      "doesn't support companion controllers",
    ],
  ])('a companion %s: the model leaves it out, QEMU refuses it', (_, specs, words) => {
    const args = ['-S', '-display', 'none', '-nodefaults', '-M', 'q35', ...options(specs)];
    const { status, stderr } = spawnSync('qemu-system-x86_64', args, { encoding: 'utf8', timeout: PATIENCE });
    expect(stderr).toContain(words);
    expect(status).toBe(1);
    const last = specs.at(-1)!;
    expect(predictControllers(specs)).toEqual(predictControllers(specs.filter((spec) => spec !== last)));
  });

  test('p2 beyond 15 is 15 to QEMU as to the model', async () => {
    const specs: ControllerSpec[] = [onPci({ model: 'qemu-xhci', p2: 99, p3: 16 })];
    await using qemu = await RawQemu.start(['-M', 'q35', ...options(specs)]);
    expect((await qemu.observe()).controllers[0]?.ports).toEqual(predictControllers(specs)[0]?.ports);
    expect(await qemu.add({ driver: 'usb-kbd', bus: 'c.0', port: '15' })).toBeUndefined();
    expect(await qemu.add({ driver: 'usb-kbd', bus: 'c.0', port: '16' })).toContain('not found (in use?)');
  });
});

describe('hubs', () => {
  test('hub ports take just what the model says', async () => {
    await using qemu = await RawQemu.start([
      '-M',
      'pc',
      '-device',
      'qemu-xhci,id=x',
      '-device',
      'usb-hub,id=h,bus=x.0,port=1,ports=2',
    ]);
    const topology = await qemu.observe();
    const real: (number | undefined)[] = [];
    for (const [p, probe] of PROBES.entries()) real.push(await tryPort(qemu, `d${p}`, probe, 'x.0', '1.2'));
    expect(real).toEqual(PROBES.map((probe) => predicted(topology, probe, 'x.0', '1.2')));
    expect(await qemu.add({ driver: 'usb-kbd', bus: 'x.0', port: '1.3' })).toContain('not found (in use?)');
  });

  test('the longest chain of hubs is what the model says, and a device still fits behind it', async () => {
    await using qemu = await RawQemu.start(['-M', 'pc', '-device', 'qemu-xhci,id=x']);
    let topology = await qemu.observe();
    const chain = Array.from({ length: MAX_HUB_CHAIN }, (_, i) => formatPort(Array(i + 1).fill(1)));
    for (const [i, port] of chain.entries()) {
      const hub = usbHub({ id: `h${i}`, bus: 'x.0', port, ports: 1 });
      expect(await qemu.add(deviceAddArguments(hub))).toBeUndefined();
      topology = withHub(topology, 'x.0', { id: hub.id, port, ports: 1 });
    }
    const beyond = formatPort(Array(MAX_HUB_CHAIN + 1).fill(1));
    expect(await qemu.add({ driver: 'usb-hub', bus: 'x.0', port: beyond })).toContain('usb hub chain too deep');
    expect(await qemu.add({ driver: 'usb-kbd', bus: 'x.0', port: beyond, id: 'k' })).toBeUndefined();
    const seen = await qemu.observe();
    expect(portsOf(seen.controllers[0]!).map(({ port, mask, depth }) => ({ port, mask, depth }))).toEqual(
      portsOf(topology.controllers[0]!).map(({ port, mask, depth }) => ({ port, mask, depth })),
    );
  });

  test.each([0, 9])('a hub of %i ports is refused', async (ports) => {
    await using qemu = await RawQemu.start(['-M', 'pc', '-device', 'qemu-xhci,id=x']);
    expect(await qemu.add({ driver: 'usb-hub', bus: 'x.0', port: '1', ports })).toContain('out of range (1..8)');
  });
});

describe('both spellings make the same machine', () => {
  test.each([
    ['JSON', JSON_FORM],
    ['key=value', KEY_VALUE_FORM],
  ])('%s', async (_, form) => {
    const specs = [
      ...ich9Group('a', { pciBus: 'pcie.0', slot: 0x1d }),
      ...ich9Group('b', { pciBus: 'pcie.0', slot: 0x1a, second: true }),
      onPci({ model: 'qemu-xhci', p2: 15, p3: 3, address: '4' }),
    ];
    const ports = [0, 1].map((n) =>
      pcieRootPort({ id: `rp${n}`, chassis: 1, slot: n, address: `1c.${n}`, bus: 'pcie.0', multifunction: n === 0 }),
    );
    const hub = usbHub({ id: 'h', bus: 'c.0', port: '15', ports: 5 });
    await using qemu = await RawQemu.start([
      '-M',
      'q35',
      ...ports.flatMap((port) => ['-device', deviceOption(port, form)]),
      ...options(specs, form),
      '-device',
      deviceOption(hub, form),
    ]);
    const seen = await qemu.observe();
    expect(seen.controllers.map(({ bus, ports }) => ({ bus, ports }))).toEqual(
      predictControllers(specs).map(({ bus, ports }) => ({ bus, ports })),
    );
    expect(seen.controllers.at(-1)?.devices[0]).toMatchObject({ id: 'h', port: '15', hubPorts: 5, megabits: 12 });
    expect(seen.hotplug).toEqual([
      { bus: 'rp0', capacity: 1 },
      { bus: 'rp1', capacity: 1 },
    ]);
  });

  test('a serial number with commas arrives whole in both', async () => {
    const serial = 'a,b=,c,';
    for (const form of [JSON_FORM, KEY_VALUE_FORM]) {
      const tablet = { driver: 'usb-tablet', id: 't', properties: { bus: 'x.0', port: '1', serial } };
      await using qemu = await RawQemu.start([
        '-M',
        'pc',
        '-device',
        deviceOption({ driver: 'qemu-xhci', id: 'x', properties: {} }, form),
        '-device',
        deviceOption(tablet, form),
      ]);
      expect(await qemu.ask('qom-get', { path: '/machine/peripheral/t', property: 'serial' })).toEqual({ ok: serial });
    }
  });
});

describe('controllers by hot plug', () => {
  test('what is added through a slot looks as it was predicted', async () => {
    await using qemu = await RawQemu.start(['-M', 'pc', '-device', 'qemu-xhci,id=x']);
    const spec: ControllerSpec = { id: 'y', model: 'nec-usb-xhci', p2: 2, p3: 5, pciBus: 'pci.0' };
    const expected = withController(await qemu.observe(), spec);
    expect(await qemu.add(deviceAddArguments(controllerDevice(spec)))).toBeUndefined();
    const seen = await qemu.observe();
    expect(seen.controllers.map(({ bus, ports }) => ({ bus, ports }))).toEqual(
      expected.controllers.map(({ bus, ports }) => ({ bus, ports })),
    );
    expect(seen.hotplug).toEqual(expected.hotplug);
    expect(seen.ids).toEqual(expected.ids);
  });

  test.each(['ich9-usb-ehci1', 'ich9-usb-uhci1', 'pci-ohci'])(
    '%s is refused by QEMU, as the model says',
    async (driver) => {
      await using qemu = await RawQemu.start(['-M', 'pc']);
      // QEMU 10.0 says the first, 7.2 the second
      expect(await qemu.add({ driver, id: 'c' })).toMatch(
        /^(?:Device '\S+' does not support hotplugging|Parameter 'driver' expects a pluggable device type)$/,
      );
    },
  );

  test.each(['qemu-xhci', 'nec-usb-xhci', 'usb-ehci', 'piix3-usb-uhci', 'piix4-usb-uhci'])(
    '%s is taken',
    async (driver) => {
      await using qemu = await RawQemu.start(['-M', 'pc']);
      expect(await qemu.add({ driver, id: 'c' })).toBeUndefined();
    },
  );
});

test('every emulated device that needs nothing can be made by -device alone, where this QEMU has it', async () => {
  const drivers = PROBES.map(({ driver }) => driver).filter((driver) => /tablet|hub|ccid/.test(driver));
  await using qemu = await RawQemu.start([
    '-M',
    'pc',
    '-device',
    'qemu-xhci,id=x,p2=15',
    ...drivers.flatMap((driver, i) => ['-device', `${driver},id=d${i},bus=x.0,port=${i + 1}`]),
  ]);
  const seen = await qemu.observe();
  expect(seen.controllers[0]?.devices.map(({ driver, attached }) => [driver, attached])).toEqual(
    drivers.map((driver) => [driver, true]),
  );
});
