import { type HostAccess, withoutDevice } from '../../../access/index.js';
import type { VmFile } from '../../../config/index.js';
import type { Finding, GuardKind } from '../../../diag/index.js';
import type { HostInventory } from '../../../host/index.js';
import type { Move } from '../../../planner/index.js';
import { type Operation, within } from '../../operation.js';
import {
  findMove,
  gather,
  type MovableDevice,
  type MoveWorld,
  modelsOfMoves,
  movableDevices,
  neededModels,
  readSituation,
  recalled,
  refuseDenied,
  refuseGuarded,
  rememberPlaces,
  removalOf,
  requireModels,
  selectDevices,
  stepsOf,
  unguarded,
  type Wanted,
  wishedAsWanted,
} from '../../plan/index.js';
import { type ChangeStep, removalStep } from '../../steps/index.js';
import type { OpenVm } from '../../target/index.js';
import { changedVm, changeVm } from '../../transaction/index.js';

export interface RebalanceRequest {
  /** Devices that need a port, besides those that the VM's file wants and those that run slower. */
  readonly selectors: readonly string[];
  readonly emulated?: readonly string[] | undefined;
  /** Host guards that the user switched off. */
  readonly guardOff?: readonly GuardKind[] | undefined;
  /** Whether to carry the move out; otherwise qplug only plans it. */
  readonly carryOut: boolean;
}

export interface RebalanceReport {
  readonly vm: string;
  /** The one move that frees a native port; undefined if there is none. */
  readonly move: Move | undefined;
  readonly done: boolean;
  readonly findings: readonly Finding[];
}

interface RebalancePlan {
  readonly move: Move | undefined;
  readonly steps: readonly ChangeStep[];
  /** The devices to plug in: those that move, and the one that gets the native port. */
  readonly wanted: readonly Wanted[];
  readonly inventory: HostInventory;
  readonly findings: readonly Finding[];
}

/**
 * Plans the one move that gives one more device a native port, and carries it out on request: it unplugs the moving devices, plugs them
 * into their new ports and reads the result back. If anything is not as planned, it restores every device's former port.
 *
 * @throws QplugError: selectors that match no device, or several; with everything undone: QEMU refused a device, or did not follow the plan
 */
export async function rebalance(
  vm: OpenVm,
  request: RebalanceRequest,
  host: HostAccess,
  operation: Operation,
): Promise<RebalanceReport> {
  return within(operation, `rebalance ${vm.name}`, async (signal) => {
    const planned = await planRebalance(vm, request, host, signal);
    const { move, findings, steps, inventory, wanted: claims } = planned;
    const done = request.carryOut && move !== undefined;
    const change = { kind: 'rebalance', recover: 'undo', steps, inventory, claims } as const;
    const mended = done ? (await changeVm(changedVm(vm), change, host, { ...operation, signal })).findings : [];
    const unsaved =
      done && vm.record !== undefined
        ? rememberPlaces({ vm: vm.name, placements: move.plan.placements, wanted: planned.wanted }, host)
        : [];
    return { vm: vm.name, move, done, findings: [...mended, ...findings, ...unsaved] };
  });
}

async function planRebalance(
  vm: OpenVm,
  { selectors, emulated, guardOff = [] }: RebalanceRequest,
  host: HostAccess,
  signal: AbortSignal,
): Promise<RebalancePlan> {
  const { devices, inventory } = await selectDevices(selectors, host, { wait: 0, signal });
  const needed = neededModels(devices, emulated);
  const models = (file: VmFile | undefined): readonly string[] => [...needed, ...modelsOfMoves(file)];
  const situation = await readSituation(vm, host, { models, signal, already: { inventory } });
  await refuseDenied(devices, situation, host);
  requireModels(vm.name, needed, situation.capabilities);
  const gathered = gather(devices, { selectors, emulated }, situation);
  const off = await refuseGuarded(gathered.wanted, guardOff, situation, host);
  const room = gathered.stale.reduce((left, { standing }) => withoutDevice(left, standing), situation.topology);
  const { kept } = recalled(gathered.wanted, situation, host);
  const world = { ...situation, topology: room, kept };
  const named = new Set(gathered.wanted.map(({ hostDevice: device }) => device?.port));
  const others = wishedAsWanted(world).filter((one) => !named.has(one.hostDevice?.port));
  const wished = await unguarded(others, guardOff, situation, host);
  const waiting = [...gathered.wanted.map((one) => ({ ...one, guardOff: off.get(one.id) })), ...wished];
  const movables = movableDevices(world);
  const move = findMove(
    world,
    movables,
    waiting.map((one) => one.request),
  );
  const wanted = move === undefined ? [] : wantedFor(move, waiting, movables);
  return {
    move,
    wanted,
    inventory,
    steps: move === undefined ? [] : [...gathered.stale.map(removalOf), ...stepsFor(move, world, movables, wanted)],
    findings: gathered.findings,
  };
}

function wantedFor({ plan }: Move, waiting: readonly Wanted[], movables: readonly MovableDevice[]): Wanted[] {
  const keys = new Set(plan.placements.map(({ key }) => key));
  return [...waiting, ...movables.map((one) => one.wanted)].filter(({ id }) => keys.has(id));
}

/** First all removals, then all additions. */
function stepsFor(
  move: Move,
  { topology, inventory, claims }: MoveWorld,
  movables: readonly MovableDevice[],
  wanted: readonly Wanted[],
): ChangeStep[] {
  const keys = move.moved.map(({ to }) => to.key);
  const removals = movables.filter((one) => keys.includes(one.wanted.id)).map((one) => one.removal);
  const hubs = topology.controllers.flatMap((controller) =>
    controller.devices
      .filter(({ id }) => id !== undefined && id === move.hub?.id)
      .map((device) => removalStep(device, controller, inventory, claims)),
  );
  return [...removals, ...hubs, ...stepsOf(move.plan, wanted, inventory)];
}
