import { parseVmFile } from '../../../src/config/index.js';
import { boardControllers } from '../../../src/launcher/index.js';
import {
  type AttachedDevice,
  type Controller,
  type DeviceShape,
  emptyTopology,
  emulatedMask,
  firstRefused,
  type HotplugSlot,
  HUB_MASK,
  hostDeviceSpeeds,
  megabits,
  predictControllers,
  predictDevice,
  type QemuVersion,
  refusesController,
  type Speed,
  type SpeedMask,
  type Topology,
  withController,
  withDevice,
} from '../../../src/qdev/index.js';
import type { StandInDevice } from '../harness/oracle-qemu.js';
import type { Ask, OracleCase, Wish } from './case.js';

/** The outcome of a question, as predicted or as seen. */
export type Outcome =
  | { readonly attached: { readonly bus: string; readonly port: string; readonly megabits: number } }
  | { readonly added: string }
  | { readonly refused: string };

/** The facts that no topology has. */
export interface Surroundings {
  readonly version: QemuVersion;
  readonly host: readonly StandInDevice[];
  /** The USB device types that this QEMU has, as it reports them. */
  readonly drivers: ReadonlySet<string>;
}

/** pc has 32 PCI slots; its own chips are in the first two (hw/i386/pc_piix.c). */
const FREE_PCI_SLOTS = 30;

export const rootPortId = (n: number): string => `rp${n}`;

/** @returns the topology right after the start, or why QEMU ends at once */
export async function predictStart(
  { machine, board, rootPorts, controllers }: Omit<OracleCase, 'probes' | 'plans' | 'before'>,
  version: QemuVersion,
): Promise<Topology | { readonly refused: string }> {
  const own = board ? await boardOf(machine) : [];
  const wrong = firstRefused(controllers, own);
  if (wrong !== undefined) return { refused: wrong.refused };
  const ports = Array.from({ length: machine === 'q35' ? rootPorts : 0 }, (_, i) => rootPortId(i + 1));
  return {
    ...emptyTopology(version),
    controllers: [...companioned(own, controllers), ...predictControllers(controllers)],
    hotplug: machine === 'q35' ? ports.map((bus) => ({ bus, capacity: 1 })) : pciSlots(controllers),
    ids: new Set([...controllers.map(({ id }) => id), ...ports]),
  };
}

function companioned(own: readonly Controller[], specs: OracleCase['controllers']): readonly Controller[] {
  return specs.reduce(
    (topology, spec) => (spec.masterbus === 'usb-bus.0' ? withController(topology, spec) : topology),
    { ...emptyTopology({ major: 0, minor: 0, micro: 0 }), controllers: own },
  ).controllers;
}

function pciSlots(specs: OracleCase['controllers']): HotplugSlot[] {
  const slots = new Set(specs.map(({ address, id }) => address?.split('.')[0] ?? id));
  return [{ bus: 'pci.0', capacity: FREE_PCI_SLOTS - slots.size }];
}

const boards = new Map<string, Promise<Controller[]>>();

/** The machine's own controllers, as the launcher predicts them from a VM file. */
function boardOf(machine: string): Promise<Controller[]> {
  const known =
    boards.get(machine) ?? parseVmFile(`machine: ${machine},usb=on`, '/vm/board.yaml').then(boardControllers);
  boards.set(machine, known);
  return known;
}

/** @returns the predicted answer of QEMU for a VM with this topology */
export function predict(topology: Topology, ask: Ask, surroundings: Surroundings): Outcome {
  if (ask.add === 'controller') {
    const refused = refusesController(topology, ask.controller);
    return refused === undefined ? { added: ask.controller.id } : { refused };
  }
  const { device, bus, port, id } = ask;
  if (!surroundings.drivers.has(driverOf(device))) return { refused: 'no-such-driver' };
  if (!topology.controllers.some((one) => one.bus === bus)) return { refused: 'no-such-bus' };
  if (topology.ids.has(id)) return { refused: 'id-in-use' };
  const hubPorts = device.kind === 'hub' ? device.ports : undefined;
  const outcome = predictDevice(topology, { mask: speedsOf(device, surroundings).mask, hubPorts }, bus, port);
  if ('speed' in outcome)
    return cannotOpen(device, surroundings) ?? { attached: { bus, port, megabits: megabits(outcome.speed) } };
  // QEMU opens a host device after it found the port, and before it checks the speed.
  const opened = outcome.refused === 'speed-mismatch' ? cannotOpen(device, surroundings) : undefined;
  return opened ?? { refused: outcome.refused };
}

/** @returns a topology with the accepted device or controller */
export function afterwards(topology: Topology, ask: Ask, outcome: Outcome): Topology {
  if ('refused' in outcome) return topology;
  if (ask.add === 'controller') return withController(topology, ask.controller);
  if (!('attached' in outcome)) return topology;
  return withDevice(topology, ask.bus, deviceAt(ask, outcome.attached.megabits));
}

function deviceAt(
  { device, id, port }: Extract<Ask, { add: 'device' }>,
  speed: number,
): Partial<AttachedDevice> & Pick<AttachedDevice, 'id' | 'driver' | 'port'> {
  return {
    id,
    driver: driverOf(device),
    port,
    megabits: speed,
    hubPorts: device.kind === 'hub' ? device.ports : undefined,
  };
}

export function driverOf(wish: Wish): string {
  return wish.kind === 'emulated' ? wish.driver : wish.kind === 'hub' ? 'usb-hub' : 'usb-host';
}

function hostOf(wish: Wish, { host }: Pick<Surroundings, 'host'>): StandInDevice | undefined {
  return wish.kind === 'host'
    ? host.find(({ bus, address }) => bus === wish.bus && address === wish.address)
    : undefined;
}

function cannotOpen(wish: Wish, surroundings: Surroundings): Outcome | undefined {
  if (wish.kind !== 'host') return undefined;
  const device = hostOf(wish, surroundings);
  if (device === undefined) return { refused: 'no-such-host-device' };
  return device.openError === undefined ? undefined : { refused: 'cannot-open' };
}

/** @returns the speeds of a requested device, and its native speed; mask 0 for one that QEMU attaches to no port */
export function speedsOf(
  wish: Wish,
  surroundings: Pick<Surroundings, 'host' | 'version'>,
): { readonly mask: SpeedMask; readonly native: Speed } {
  const nowhere = { mask: 0, native: 'super' } as const;
  if (wish.kind === 'hub') return { mask: HUB_MASK, native: 'full' };
  if (wish.kind === 'emulated') return emulatedMask(wish.driver, wish.properties) ?? nowhere;
  const device = hostOf(wish, surroundings);
  if (device === undefined) return nowhere;
  const speeds = hostDeviceSpeeds(shapeOf(device), surroundings.version);
  return 'unsupported' in speeds ? nowhere : speeds;
}

const MEGABITS: Readonly<Record<StandInDevice['speed'], number | undefined>> = {
  unknown: undefined,
  low: 1.5,
  full: 12,
  high: 480,
  super: 5000,
  'super-plus': 10000,
  'super-plus-x2': 20000,
};

/** A device of the stand-in, in the form that the model has for one of the host. */
function shapeOf({ speed, configurations }: StandInDevice): DeviceShape {
  return { megabits: MEGABITS[speed], configurations };
}
