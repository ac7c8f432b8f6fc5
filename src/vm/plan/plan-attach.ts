import {
  deniedFindings,
  filterFor,
  guardFindings,
  guardsFor,
  type HostAccess,
  policyFindings,
  policyOf,
  type Standing,
  standingOf,
  takenAway,
  wishFor,
  withoutDevice,
} from '../../access/index.js';
import type { VmFile } from '../../config/index.js';
import { type Finding, fail, finding, type GuardKind, nearest, throwErrors } from '../../diag/index.js';
import { type HostDevice, labelOf, matchSelector, requireSelector } from '../../host/index.js';
import { type Plan, type PlanRequest, type PortName, plan, planFindings } from '../../planner/index.js';
import { EMULATED_MODELS, emulatedModel, uniqueId } from '../../qdev/index.js';
import { type KnownTree, leftoversOf } from '../observe/index.js';
import type { ChangeStep } from '../steps/index.js';
import type { OpenVm } from '../target/index.js';
import { GROWTH_MODELS, growthOf } from './growth.js';
import { neededModels, requireModels } from './needed-models.js';
import { moveFindings, wordsFor } from './plan-move.js';
import { type RecalledPlaces, recallPlaces } from './recall-places.js';
import { type Selected, selectDevices } from './select-devices.js';
import { readSituation, type Situation } from './situation.js';
import { stepsOf } from './steps-of-plan.js';
import { type Terms, termsFor, typedTerms, type Wanted, wantEmulatedDevice, wantHostDevice } from './wanted.js';

export interface AttachRequest {
  readonly selectors: readonly string[];
  /** Models of emulated devices that need only a port. */
  readonly emulated?: readonly string[] | undefined;
  /** Pins the one requested device to this controller. */
  readonly controller?: string | undefined;
  readonly port?: string | undefined;
  readonly slower?: 'refuse' | 'allow' | undefined;
  /** ms to wait for devices that are not plugged in. Default 0. */
  readonly wait?: number | undefined;
  /** What qplug may add when ports run out; by default as the VM's file says, otherwise hubs. */
  readonly grow?: { readonly hubs: boolean; readonly controllers: boolean } | undefined;
  /** Host guards that the user switched off. */
  readonly guardOff?: readonly GuardKind[] | undefined;
  /** Host guards that were switched off when the VM had the device before. qplug ignores these guards and keeps them in the claim. */
  readonly handedOver?: readonly GuardKind[] | undefined;
  /** The former port of the one requested device: it gets this port again if the port is free and takes its speed. */
  readonly home?: PortName | undefined;
}

/** What the caller of an attach has read already: the VM's file, and the selected devices. */
export interface ReadBefore {
  readonly file?: VmFile | undefined;
  readonly selected?: Selected | undefined;
  /** As in `AlreadyRead`. */
  readonly tree?: KnownTree | undefined;
}

/** The plan of an attach. */
export interface AttachPlan {
  readonly situation: Situation;
  readonly request: PlanRequest;
  readonly plan: Plan;
  readonly wanted: readonly Wanted[];
  readonly steps: readonly ChangeStep[];
  /** Devices that the VM has already, and where. */
  readonly already: readonly { readonly device: HostDevice; readonly standing: Standing }[];
  readonly findings: readonly Finding[];
}

/**
 * Plans an attach to a running VM; changes nothing.
 *
 * @throws QplugError: devices not found, ambiguous, denied, not openable · the planner's refusals (exit 6)
 */
export async function planAttach(...what: Parameters<typeof draftAttach>): Promise<AttachPlan> {
  const made = await draftAttach(...what);
  const moves = made.findings.filter(({ code }) => code === 'move-would-help');
  throwErrors([...planFindings(made.plan, { vm: what[0].name, running: true }), ...moves]);
  return made;
}

/**
 * As `planAttach`, but returns the planner's refusals as findings, to show them.
 *
 * @throws QplugError: devices not found, ambiguous, denied, not openable
 */
export async function draftAttach(
  vm: OpenVm,
  request: AttachRequest,
  host: HostAccess,
  signal: AbortSignal,
  { selected, ...before }: ReadBefore = {},
): Promise<AttachPlan> {
  const { devices, inventory } =
    selected ?? (await selectDevices(request.selectors, host, { wait: request.wait ?? 0, signal }));
  const needed = neededModels(devices, request.emulated);
  const models = (): readonly string[] => [...needed, ...GROWTH_MODELS];
  const situation = await readSituation(vm, host, { models, signal, already: { ...before, inventory } });
  const { file, topology, capabilities } = situation;
  await refuseDenied(devices, situation, host);
  const grow = request.grow ?? file?.usb.grow ?? { hubs: true, controllers: false };
  requireModels(vm.name, needed, capabilities);
  const gathered = gather(devices, request, situation);
  const { guardOff = [], handedOver = [] } = request;
  const off = await refuseGuarded(gathered.wanted, [...guardOff, ...handedOver], situation, host);
  const wanted = gathered.wanted.map((one) => ({ ...one, guardOff: [...(off.get(one.id) ?? []), ...handedOver] }));
  const room = gathered.stale.reduce((left, { standing }) => withoutDevice(left, standing), topology);
  const { homes, kept, findings } = recalled(wanted, situation, host);
  const asked: PlanRequest = {
    topology: room,
    growth: growthOf(room, grow, capabilities),
    devices: wanted.map((one) => ({
      ...one.request,
      home: homes.get(one.request.key) ?? request.home ?? formerPort(one, gathered.stale),
    })),
    kept,
    reserve: file?.usb.reserve,
    leeway: { running: true, growable: growthOf(room, { hubs: true, controllers: true }, capabilities).controllers },
  };
  const made = plan(asked);
  const without = new Set(made.refusals.map(({ key }) => key));
  const waiting = wanted
    .filter(({ id }) => without.has(id))
    .map((one) => ({ request: one.request, words: wordsFor(one) }));
  const world = { ...situation, topology: room, kept };
  const moves = waiting.length === 0 ? [] : moveFindings(vm.name, world, waiting);
  return {
    situation,
    request: asked,
    plan: made,
    wanted,
    steps: [...gathered.stale.map(removalOf), ...stepsOf(made, wanted, inventory)],
    already: gathered.already,
    findings: [...gathered.findings, ...findings, ...planFindings(made, { vm: vm.name, running: true }), ...moves],
  };
}

/** @returns the port of the device's dead object, which the same transaction removes */
function formerPort({ hostDevice }: Wanted, stale: readonly StaleObject[]): PortName | undefined {
  const left = hostDevice && stale.find(({ hostPort }) => hostPort === hostDevice.port)?.standing;
  return left?.device.port === undefined ? undefined : { bus: left.bus, port: left.device.port };
}

/** @throws QplugError with every device that the VM's file or the host's policy denies */
export async function refuseDenied(
  devices: readonly HostDevice[],
  { vm: { name }, file, inventory }: Situation,
  host: HostAccess,
): Promise<void> {
  if (devices.length === 0) return;
  const policy = await policyOf(host);
  throwErrors(
    devices.flatMap((device) => [
      ...deniedFindings(device, name, file, inventory),
      ...policyFindings(device, name, policy, inventory),
    ]),
  );
}

/**
 * @returns by id of the wanted device: the guards against it that only the command line switched off
 * @throws QplugError `device-guarded` for each device that the host itself needs
 */
export async function refuseGuarded(
  wanted: readonly Wanted[],
  off: readonly GuardKind[],
  situation: Situation,
  host: HostAccess,
): Promise<ReadonlyMap<string, readonly GuardKind[]>> {
  const against = [...(await guardsAgainst(wanted, off, situation, host))];
  throwErrors(against.flatMap(([, { findings }]) => findings));
  return new Map(against.map(([id, { taken }]) => [id, taken]));
}

/** @returns the wanted devices that no guard keeps on the host and that the host's policy allows */
export async function unguarded(
  wanted: readonly Wanted[],
  off: readonly GuardKind[],
  situation: Situation,
  host: HostAccess,
): Promise<Wanted[]> {
  if (wanted.length === 0) return [];
  const against = await guardsAgainst(wanted, off, situation, host);
  const policy = await policyOf(host);
  const { vm, inventory } = situation;
  return wanted.filter(
    (one) =>
      one.hostDevice === undefined ||
      (against.get(one.id)?.findings.length === 0 &&
        policyFindings(one.hostDevice, vm.name, policy, inventory).length === 0),
  );
}

/** The guards that keep a device on the host, and the guards that would if the command line had not switched them off. */
interface GuardsAgainst {
  readonly findings: readonly Finding[];
  readonly taken: readonly GuardKind[];
}

/** @returns by id of the wanted device */
async function guardsAgainst(
  wanted: readonly Wanted[],
  off: readonly GuardKind[],
  { vm, file, inventory }: Situation,
  host: HostAccess,
): Promise<ReadonlyMap<string, GuardsAgainst>> {
  const devices = wanted.flatMap((one) => one.hostDevice ?? []);
  const guards = await guardsFor(devices, inventory, host, vm);
  const against = wanted.map(({ id, hostDevice: device }): readonly [string, GuardsAgainst] => {
    if (device === undefined) return [id, { findings: [], taken: [] }];
    const inFile = wishFor(device, file, inventory)?.guardOff ?? [];
    const findings = guardFindings(device, vm.name, guards, [...off, ...inFile]);
    return [id, { findings, taken: takenAway(device, guards, off) }];
  });
  return new Map(against);
}

/** Recalls the ports that the wanted devices had before, and the ports to keep for absent devices of the VM's file. */
export function recalled(
  wanted: readonly Wanted[],
  { vm: { name, record }, file, inventory }: Pick<Situation, 'vm' | 'file' | 'inventory'>,
  host: HostAccess,
): RecalledPlaces & { readonly findings: readonly Finding[] } {
  const known = record === undefined ? undefined : host.places?.read(name);
  const away = (file?.usb.devices ?? []).flatMap((wish) =>
    wish.kind === 'host' && matchSelector(requireSelector(wish.select), inventory).length === 0 ? [wish.select] : [],
  );
  const devices = wanted.map((one) => ({ key: one.request.key, hostDevice: one.hostDevice, select: one.select }));
  return { ...recallPlaces(known?.record?.devices ?? [], devices, away), findings: known?.findings ?? [] };
}

/** An object to remove, the label of its former device, and the host port of the device that takes its place. */
interface StaleObject {
  readonly hostPort: string;
  readonly label: string;
  readonly standing: Standing;
}

/** The requested devices, sorted by their state in the VM. */
export interface RequestedDevices {
  readonly wanted: Wanted[];
  readonly already: { readonly device: HostDevice; readonly standing: Standing }[];
  /** Objects whose device was replugged, or whose connector has another device now: they hold a port and an id, and never work again. */
  readonly stale: StaleObject[];
  readonly findings: Finding[];
}

/** Finds the state of each requested device in a VM. @throws QplugError with every device that can't be attached */
export function gather(
  devices: readonly HostDevice[],
  request: AttachRequest,
  { vm, topology, claims, file, inventory }: Situation,
): RequestedDevices {
  const gathered: RequestedDevices = { wanted: [], already: [], stale: [], findings: [] };
  const taken = new Set(topology.ids);
  for (const device of devices) {
    const label = labelOf(device);
    const standing = standingOf(topology, device, inventory, claims);
    const id = standing?.device.id ?? '';
    if (standing?.state === 'attached') {
      const port = `${standing.bus} port ${standing.device.port ?? 'unknown'}`;
      gathered.findings.push(finding('already-attached', { label, vm: vm.name, id, port }, { severity: 'note' }));
      gathered.already.push({ device, standing });
      continue;
    }
    const filter = filterFor(topology, device);
    if (filter !== undefined) {
      const evidence = { label, vm: vm.name, id: filter.id ?? filter.qomPath ?? '' };
      gathered.findings.push(finding('device-held-by-filter', evidence));
      continue;
    }
    if (standing !== undefined) {
      gathered.findings.push(finding('device-came-back', { label, id }, { severity: 'note' }));
      gathered.stale.push({ hostPort: device.port, label, standing });
      taken.delete(id);
    }
    for (const { standing: left, claim } of leftoversOf(topology, device, claims, inventory)) {
      if (gathered.stale.some((one) => one.standing.device === left.device)) continue;
      const evidence = { label: claim.label, id: claim.device, port: device.port };
      gathered.findings.push(finding('leftover-removed', evidence, { severity: 'note' }));
      gathered.stale.push({ hostPort: device.port, label: claim.label, standing: left });
      taken.delete(claim.device);
    }
    const made = wantHostDevice(device, vm.qmp.version, taken, termsFor(device, request, file, inventory));
    if ('code' in made) gathered.findings.push(made);
    else {
      gathered.wanted.push({ ...made, select: wishFor(device, file, inventory)?.select });
      taken.add(made.id);
    }
  }
  for (const model of request.emulated ?? []) {
    const made = wantModel(model, taken, typedTerms(request));
    gathered.wanted.push(made);
    taken.add(made.id);
  }
  throwErrors(gathered.findings);
  return gathered;
}

function wantModel(name: string, taken: ReadonlySet<string>, terms: Terms): Wanted {
  const model = emulatedModel(name);
  if (model === undefined) {
    const known = EMULATED_MODELS.map((one) => one.driver);
    throw fail('emulated-unknown', { model: name, nearest: nearest(name, known) });
  }
  if (!model.launchable) throw fail('emulated-by-hand', { model: name, attaches: model.attaches });
  if (model.needs !== undefined && model.needs !== 'card') {
    throw fail('emulated-needs-backend', { model: name, needs: model.needs });
  }
  const made = wantEmulatedDevice(name, uniqueId(`qplug-${name}`, taken), {}, terms);
  if (made === undefined) throw fail('emulated-unknown', { model: name, nearest: undefined });
  return made;
}

/** @returns the step that removes the object of a device that is gone, and so frees its port */
export function removalOf({ label, standing }: StaleObject): ChangeStep {
  const { id, qomPath } = standing.device;
  const path = qomPath ?? `/machine/peripheral/${id}`;
  return { do: 'remove', target: id ?? path, qomPath: path, label, restore: undefined, stale: true };
}
