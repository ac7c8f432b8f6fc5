import { deniedFindings, filterFor, hostDeviceOf, standingOf, wishFor } from '../../access/index.js';
import type { VmFile } from '../../config/index.js';
import { type Finding, finding } from '../../diag/index.js';
import { type HostDevice, matchSelector, nodeFinding, requireSelector } from '../../host/index.js';
import { bestMove, type DeviceRequest, type KeptPort, type Movable, type Move } from '../../planner/index.js';
import { emulatedModel, isOurs, mayHave, megabits } from '../../qdev/index.js';
import { type Removal, removalStep } from '../steps/index.js';
import type { Situation } from './situation.js';
import { termsFor, type Wanted, wantEmulatedDevice, wantHostDevice } from './wanted.js';

/** A device in a VM that qplug can unplug and create again. */
export interface MovableDevice {
  readonly movable: Movable;
  readonly wanted: Wanted;
  readonly removal: Removal;
}

/** The situation in which qplug looks for a move. */
export interface MoveWorld extends Omit<Situation, 'vm'> {
  /** Ports of absent devices: a move avoids them as far as it can. */
  readonly kept?: readonly KeptPort[] | undefined;
}

/** @returns the QOM types that a move may add: a hub, and usb-host if the VM's file wants host devices */
export function modelsOfMoves(file: VmFile | undefined): string[] {
  const waits = file?.usb.devices.some(({ kind }) => kind === 'host') ?? false;
  return ['usb-hub', ...(waits ? ['usb-host'] : [])];
}

/**
 * Only qplug's own devices may move, because qplug cannot create the devices of other programs again as they were.
 *
 * @returns the devices that qplug plugged into the running VM and whose speeds are known
 */
export function movableDevices({ topology, file, inventory, claims }: MoveWorld): MovableDevice[] {
  return topology.controllers.flatMap((controller) =>
    controller.devices.flatMap((device): MovableDevice[] => {
      const { id, port, driver, attached } = device;
      if (id === undefined || port === undefined || !isOurs(id) || !attached || device.hubPorts !== undefined)
        return [];
      const removal = removalStep(device, controller, inventory, claims);
      if (removal.restore === undefined) return [];
      // the device may keep its own id
      const taken = new Set([...topology.ids].filter((other) => other !== id));
      const hostDevice = hostDeviceOf(device, inventory, claims);
      const made =
        driver !== 'usb-host'
          ? wantEmulatedDevice(driver, id, {}, { mandatory: true, slower: 'allow' })
          : hostDevice &&
            wantHostDevice(hostDevice, topology.version, taken, termsFor(hostDevice, {}, file, inventory));
      if (made === undefined || 'code' in made) return [];
      const place = { bus: controller.bus, port };
      return [
        { movable: { ...place, request: made.request, disturbance: disturbanceOf(hostDevice) }, wanted: made, removal },
      ];
    }),
  );
}

const [HID, STORAGE] = [0x03, 0x08];

/**
 * How much an interruption hurts: 0 for an emulated device, which holds no data; 1 for a keyboard or another HID device, which is back at
 * once; 3 for storage, which may be mounted; 2 for all others.
 */
function disturbanceOf(hostDevice: HostDevice | undefined): number {
  if (hostDevice === undefined) return 0;
  const classes = hostDevice.interfaces.map((one) => one.class);
  if (classes.includes(STORAGE)) return 3;
  return classes.length > 0 && classes.every((one) => one === HID) ? 1 : 2;
}

/** @returns devices that a VM's file wants, that are available, and that the VM lacks */
function wishedDevices({ topology, capabilities, file, inventory, claims }: MoveWorld): HostDevice[] {
  if (!mayHave(capabilities, 'usb-host')) return [];
  return (file?.usb.devices ?? []).flatMap((wish) => {
    if (wish.kind === 'emulated') return [];
    const there = matchSelector(requireSelector(wish.select), inventory);
    const [only] = there;
    if (only === undefined || there.length > 1 || nodeFinding(only) !== undefined) return [];
    if (standingOf(topology, only, inventory, claims) !== undefined || filterFor(topology, only) !== undefined)
      return [];
    return deniedFindings(only, '', file, inventory).length > 0 ? [] : [only];
  });
}

/** @returns the planner's best move of the movable devices, see `bestMove` */
export function findMove(
  { topology, capabilities, file, kept }: MoveWorld,
  movables: readonly MovableDevice[],
  waiting: readonly DeviceRequest[],
): Move | undefined {
  return bestMove({
    topology,
    attached: movables.map(({ movable }) => movable),
    waiting,
    kept,
    hubs: (file?.usb.grow.hubs ?? true) && mayHave(capabilities, 'usb-hub'),
    reserve: file?.usb.reserve,
  });
}

/**
 * Reports the one move that would free a native port, if there is one.
 *
 * @param waiting - devices without a port; `words` select one on a command line if the VM's file does not list it
 */
export function moveFindings(
  vm: string,
  world: MoveWorld,
  waiting: readonly { readonly request: DeviceRequest; readonly words?: readonly string[] }[],
): Finding[] {
  const move = findMove(
    world,
    movableDevices(world),
    waiting.map(({ request }) => request),
  );
  if (move === undefined) return [];
  const { key, label, bus, port, speed } = move.wins;
  const moved = move.moved.map(({ from, to }) => ({
    key: to.key,
    label: to.label,
    from,
    to: { bus: to.bus, port: to.port },
  }));
  const evidence = {
    vm,
    label,
    megabits: megabits(speed),
    bus,
    port,
    moved: moved.filter((one) => one.key !== key).map(({ label: other, from, to }) => ({ label: other, from, to })),
    from: moved.find((one) => one.key === key)?.from,
    hub: move.hub?.id,
    words: waiting.find(({ request }) => request.key === key)?.words ?? [],
  };
  return [finding('move-would-help', evidence, { severity: 'note' })];
}

/** @returns the words that select a device for `rebalance` */
export function wordsFor({ hostDevice, request: { driver } }: Wanted): string[] {
  if (hostDevice !== undefined) return [hostDevice.port];
  return driver !== undefined && emulatedModel(driver) !== undefined ? ['--emulated', driver] : [];
}

/** @returns the devices of a VM's file that wait for a port; without those that QEMU can't pass through */
export function wishedAsWanted(world: MoveWorld): Wanted[] {
  const taken = new Set(world.topology.ids);
  return wishedDevices(world).flatMap((device) => {
    const terms = termsFor(device, {}, world.file, world.inventory);
    const made = wantHostDevice(device, world.topology.version, taken, terms);
    if ('code' in made) return [];
    taken.add(made.id);
    return [{ ...made, select: wishFor(device, world.file, world.inventory)?.select }];
  });
}
