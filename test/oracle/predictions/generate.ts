import {
  CONTROLLER_MODELS,
  type Controller,
  type ControllerSpec,
  childPort,
  MAX_HUB_CHAIN,
  portsOf,
  type Topology,
} from '../../../src/qdev/index.js';
import type { Ask, Foreign, OracleCase, PlanAsk, Wish } from './case.js';
import { controllers, xhciPorts } from './generate-controllers.js';
import { hostDevices } from './generate-host.js';
import { afterwards, predict, predictStart, type Surroundings } from './predict.js';
import { Random } from './random.js';

/** The release by which cases are generated; each prediction is for the release that gets the case. */
const VERSION = { major: 10, minor: 0, micro: 0 };

const EMULATED: readonly (readonly [number, string])[] = [
  [4, 'usb-tablet'],
  [3, 'usb-mouse'],
  [4, 'usb-kbd'],
  [5, 'usb-storage'],
  [3, 'usb-bot'],
  [4, 'usb-uas'],
  [2, 'usb-mtp'],
  [2, 'usb-serial'],
  [1, 'usb-braille'],
  [2, 'usb-net'],
  [2, 'usb-audio'],
  [2, 'usb-ccid'],
  [2, 'usb-wacom-tablet'],
];

/** Assumes that every driver that a wish can name exists. */
const DRIVERS = new Set([...EMULATED.map(([, driver]) => driver), 'usb-hub', 'usb-host']);

export interface CaseSize {
  readonly probes: number;
  readonly plans: number;
}

/**
 * Makes a case. Chooses ports with the help of the model, so that the questions are worth asking, but does not assume that the model is
 * right.
 */
export async function generateCase(seed: number, size: CaseSize): Promise<OracleCase> {
  const random = new Random(seed);
  const machine = random.pick(['pc', 'q35'] as const);
  const board = random.chance(0.25);
  const start = {
    machine,
    board,
    rootPorts: machine === 'q35' ? random.int(0, 3) : 0,
    controllers: controllers(random, machine, board),
    host: hostDevices(random, 8),
  };
  const surroundings: Surroundings = { version: VERSION, host: start.host, drivers: DRIVERS };
  const first = await predictStart(start, VERSION);
  // Some machines are only asked for their ports: that is quick, so there can be many.
  if ('refused' in first || random.chance(0.3)) return { ...start, before: [], probes: [], plans: [] };
  const before: Ask[] = [];
  let topology = first;
  for (const ask of random.chance(0.2) ? chain(random, topology) : fixtures(random, () => topology, start.host)) {
    before.push(ask);
    topology = afterwards(topology, ask, predict(topology, ask, surroundings));
  }
  const used = new Set(
    before.flatMap((ask) => (ask.add === 'device' && ask.device.kind === 'host' ? [ask.device.address] : [])),
  );
  const free = start.host.filter(({ address }) => !used.has(address));
  const probes = Array.from({ length: size.probes }, (_, i): Ask => {
    if (random.chance(0.04)) return { add: 'controller', controller: liveController(random, topology, `n${i}`, false) };
    const ask = deviceAsk(random, topology, free, `d${i}`);
    // QEMU 5.2 checks the id before it looks for the bus.
    const twice = topology.ids.size > 0 && topology.controllers.some(({ bus }) => bus === ask.bus);
    return twice && random.chance(0.02) ? { ...ask, id: random.pick([...topology.ids]) } : ask;
  });
  const plans = Array.from({ length: size.plans }, (_, i) => planAsk(random, topology, free, `p${i}`));
  if (!random.chance(0.15)) return { ...start, before, probes, plans };
  // Where QEMU put them is known of the running machine only.
  const live = plans.map((plan) => ({ ...plan, at: 'live' as const }));
  // If a name has a line break, qplug does not use the text that shows where QEMU put a device.
  const host = start.host.map((device) => ({ ...device, name: device.name?.replace('\n', ' ') ?? '' }));
  return { ...start, host, before, foreign: foreign(random, topology), probes, plans: live };
}

/** Hubs, devices and controllers, most of them where they fit. */
function* fixtures(random: Random, topology: () => Topology, host: OracleCase['host']): Generator<Ask> {
  const count = random.weighted([
    [3, 0],
    [3, random.int(1, 3)],
    [3, random.int(3, 8)],
  ]);
  const left = [...host];
  for (let i = 0; i < count; i++) {
    const now = topology();
    if (random.chance(0.12)) {
      yield { add: 'controller', controller: liveController(random, now, `l${i}`, true) };
      continue;
    }
    const wish: Wish | undefined = random.chance(0.6) ? { kind: 'hub', ports: hubPorts(random) } : undefined;
    const ask = deviceAsk(random, now, left, `b${i}`, wish);
    if (ask.device.kind === 'host') {
      const { address } = ask.device;
      left.splice(0, left.length, ...left.filter((device) => device.address !== address));
    }
    yield ask;
  }
}

/** Enough devices without a port to fill a bus, so that QEMU adds a hub. */
function foreign(random: Random, { controllers }: Topology): Foreign[] {
  if (controllers.length === 0) return [];
  const { bus } = random.pick(controllers);
  return Array.from({ length: random.int(1, 9) }, (_, i) => ({
    driver: random.pick(['usb-tablet', 'usb-kbd', 'usb-mouse', 'usb-hub', 'usb-ccid']),
    bus,
    ...(random.chance(0.6) ? { id: `f${i}` } : {}),
  }));
}

/** Hubs behind hubs until QEMU refuses, and beyond. */
function chain(random: Random, topology: Topology): Ask[] {
  const roots = topology.controllers.flatMap(({ bus, ports }) =>
    ports.map(({ port }) => ({ bus, port: String(port) })),
  );
  if (roots.length === 0) return [];
  let { bus, port } = random.pick(roots);
  const asks: Ask[] = [];
  for (let depth = 1; depth <= random.int(3, MAX_HUB_CHAIN + 1); depth++) {
    const ports = random.int(1, 8);
    asks.push({ add: 'device', id: `h${depth}`, device: { kind: 'hub', ports }, bus, port });
    port = childPort(port, random.int(1, ports));
  }
  return asks;
}

function hubPorts(random: Random): number {
  return random.weighted([
    [12, random.int(1, 8)],
    [1, random.pick([0, 9, 100])],
  ]);
}

function liveController(random: Random, topology: Topology, id: string, likely: boolean): ControllerSpec {
  const slots = topology.hotplug.map(({ bus }) => bus);
  const fits = likely || random.chance(0.3);
  const model = fits
    ? random.pick(['qemu-xhci', 'nec-usb-xhci', 'usb-ehci', 'piix3-usb-uhci', 'piix4-usb-uhci'] as const)
    : random.pick(CONTROLLER_MODELS);
  const pciBus = fits && slots.length > 0 ? random.pick(slots) : random.pick(['pcie.0', 'pci.9', 'rp9']);
  return { id, model, ...(model.includes('xhci') ? xhciPorts(random) : {}), pciBus };
}

function deviceAsk(
  random: Random,
  topology: Topology,
  host: OracleCase['host'],
  id: string,
  wished?: Wish,
): Extract<Ask, { add: 'device' }> {
  const device = wished ?? wish(random, host);
  const place = random.chance(0.03)
    ? { bus: random.pick(['nope.0', 'c1', '', 'pcie.0.0']), port: '1' }
    : somePort(random, topology);
  return { add: 'device', id, device, ...place };
}

function wish(random: Random, host: OracleCase['host']): Wish {
  const kind = random.weighted([
    [10, 'emulated'],
    [2, 'hub'],
    [host.length > 0 ? 16 : 0, 'host'],
    [0.4, 'missing'],
  ] as const);
  switch (kind) {
    case 'emulated':
      return emulated(random);
    case 'hub':
      return { kind: 'hub', ports: hubPorts(random) };
    case 'host': {
      const { bus, address } = random.pick(host);
      return { kind: 'host', bus, address };
    }
    case 'missing':
      return { kind: 'host', bus: random.int(1, 9), address: random.int(100, 127) };
  }
}

function emulated(random: Random): Wish {
  const driver = random.weighted(EMULATED);
  const isHid = ['usb-tablet', 'usb-mouse', 'usb-kbd'].includes(driver);
  const properties = isHid && random.chance(0.6) ? { usb_version: random.int(1, 2) } : {};
  return { kind: 'emulated', driver, properties };
}

/** A free port, a used one, one that does not exist, or no port at all. */
function somePort(random: Random, { controllers }: Topology): { bus: string; port: string } {
  if (controllers.length === 0) return { bus: 'c1.0', port: '1' };
  const controller = random.pick(controllers);
  const views = portsOf(controller);
  const free = views.filter(({ occupant }) => occupant === undefined);
  const used = views.filter(({ occupant }) => occupant !== undefined);
  const { bus } = controller;
  const kind = random.weighted([
    [free.length > 0 ? 70 : 0, 'free'],
    [used.length > 0 ? 10 : 0, 'used'],
    [8, 'missing'],
    [6, 'malformed'],
    [3, 'below'],
  ] as const);
  switch (kind) {
    case 'free': {
      const deep = free.filter(({ depth }) => depth > 1);
      return { bus, port: random.pick(deep.length > 0 && random.chance(0.5) ? deep : free).port };
    }
    case 'used':
      return { bus, port: random.pick(used).port };
    case 'missing':
      return { bus, port: missingPort(random, controller) };
    case 'malformed':
      return {
        bus,
        port: random.pick(['', '0', '02', '01', '1.', '.1', '1..1', '-1', '1 ', '9.9', 'a', '1.0', '1,1', '16']),
      };
    case 'below':
      // Below a port that has no hub.
      return { bus, port: childPort(views.length > 0 ? random.pick(views).port : '1', random.int(1, 9)) };
  }
}

function missingPort(random: Random, controller: Controller): string {
  const last = controller.ports.length;
  return random.pick([String(last + 1), String(last + random.int(2, 99)), '1.1.1.1.1.1.1', `${last + 1}.1`]);
}

function planAsk(random: Random, topology: Topology, host: OracleCase['host'], id: string): PlanAsk {
  const left = random.shuffle(host.filter(({ openError }) => openError === undefined));
  const count = random.weighted([
    [3, random.int(1, 3)],
    [4, random.int(3, 8)],
    [1, random.int(8, 14)],
  ]);
  const devices = Array.from({ length: count }, (_, i) => {
    const device = left.pop();
    const wished: Wish =
      device !== undefined && random.chance(0.5)
        ? { kind: 'host', bus: device.bus, address: device.address }
        : random.chance(0.15)
          ? { kind: 'hub', ports: random.int(1, 8) }
          : emulated(random);
    const place = random.chance(0.3) ? somePort(random, topology) : undefined;
    const pin =
      place &&
      random.pick([
        place,
        { controller: place.bus, port: place.port },
        { port: place.port },
        { controller: place.bus },
      ]);
    const home = random.chance(0.15) ? somePort(random, topology) : undefined;
    return {
      id: `${id}-${i}`,
      wish: wished,
      mandatory: random.chance(0.5),
      slower: random.chance(0.4) ? ('allow' as const) : ('refuse' as const),
      ...(pin === undefined ? {} : { pin: 'bus' in pin ? { controller: pin.bus, port: pin.port } : pin }),
      ...(home === undefined ? {} : { home }),
    };
  });
  return {
    at: random.pick(['live', 'launch']),
    hubs: random.chance(0.75),
    controllers: random.chance(0.3) ? random.int(1, 3) : 0,
    ...(random.chance(0.3) ? { reserve: random.int(0, 6) } : {}),
    ...(random.chance(0.15) ? { kept: [{ ...somePort(random, topology), label: 'away' }] } : {}),
    devices,
  };
}
