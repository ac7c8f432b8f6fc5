import { deniedFindings, guardFindings, type PolicyInForce, policyFindings, takenAway } from '../../access/index.js';
import type { DeviceWish, EmulatedDeviceWish, HostDeviceWish, Pointer, VmFile } from '../../config/index.js';
import {
  type EvidenceByCode,
  type Finding,
  finding,
  type GuardKind,
  QplugError,
  type Severity,
  type SourceLocation,
} from '../../diag/index.js';
import {
  type GuardsByPort,
  type HostDevice,
  type HostInventory,
  labelOf,
  nodeFinding,
  selectOne,
} from '../../host/index.js';
import { type PlacedEmulated, predictBuses, recallControllers, takenIds } from '../../launcher/index.js';
import { type DeviceRequest, type Plan, type PlanRequest, plan, planFindings } from '../../planner/index.js';
import {
  type Capabilities,
  type ControllerSpec,
  emptyTopology,
  HUB_MASK,
  mayHave,
  portDepth,
  type QemuVersion,
} from '../../qdev/index.js';
import type { PlaceRecord } from '../../registry/index.js';
import { fileLeeway, unwrittenControllers } from './possible-file-changes.js';
import { type DeviceToPlace, recallPlaces } from './recall-places.js';
import { type Wanted, wantEmulatedDevice, wantHostDevice } from './wanted.js';

/** The place of every device of a VM file, before the VM starts. */
export interface FilePlan {
  readonly file: VmFile;
  readonly version: QemuVersion;
  readonly request: PlanRequest;
  readonly plan: Plan;
  /** The host devices and emulated devices to place. */
  readonly wanted: readonly Wanted[];
  /** All controllers that QEMU will create: those of the file and those that the plan adds. */
  readonly controllers: readonly ControllerSpec[];
  /** Hubs before those behind them. */
  readonly hubs: readonly {
    readonly id: string;
    readonly bus: string;
    readonly port: string;
    readonly ports: number;
  }[];
  readonly emulated: readonly PlacedEmulated[];
  /** Devices of unknown speed: qplug can't place them. A finding reports each. */
  readonly untold: readonly { readonly label: string; readonly finding: Finding }[];
  /** Entries of the file whose host device is not plugged in. */
  readonly missing: readonly HostDeviceWish[];
  /** Errors are reasons not to start; warnings report the devices that the VM starts without. */
  readonly findings: readonly Finding[];
}

/** Facts for a plan, besides the file and the host. */
export interface PlanningKnowledge {
  /** QEMU's models, if qplug asked: the plan adds no model that QEMU lacks. */
  readonly capabilities?: Capabilities | undefined;
  /** All places at the last start; undefined for a VM that never ran, or that is placed from scratch. */
  readonly before?: PlaceRecord | undefined;
  /** The host's guards and policy; undefined if the devices are not those of this host. */
  readonly hostRules?: HostRules | undefined;
}

/** The reasons of this host against passing devices to a VM. */
export interface HostRules {
  readonly guards: GuardsByPort;
  /** Guards that the user switched off, for all devices. */
  readonly off: readonly GuardKind[];
  readonly policy: PolicyInForce | undefined;
}

/**
 * Plans a VM file: desired × host. Pure.
 *
 * @param inventory - the host's devices; undefined to plan only the file
 */
export function planFile(
  file: VmFile,
  version: QemuVersion,
  inventory: HostInventory | undefined,
  { capabilities, before, hostRules }: PlanningKnowledge = {},
): FilePlan {
  const ids = takenIds(file);
  const { chosen, growth } = recallControllers(file, before?.controllers ?? [], ids);
  const topology = { ...emptyTopology(version), controllers: predictBuses(file, chosen, version), ids };
  const gathered = gatherFileDevices(file, version, inventory, topology.ids, hostRules);
  const hubs = file.usb.hubs.map(
    ({ id, controller, port, ports }): DeviceRequest => ({
      key: id,
      id,
      driver: 'usb-hub',
      label: `hub ${id}`,
      mask: HUB_MASK,
      native: 'full',
      mandatory: true,
      slower: 'refuse',
      pin: { controller, port },
      hubPorts: ports,
    }),
  );
  for (const { id, pointer } of file.usb.hubs) gathered.places.set(id, pointer);
  const locate = (key: string): SourceLocation | undefined => {
    const pointer = gathered.places.get(key);
    return pointer === undefined ? undefined : file.locate(pointer);
  };
  const devices = [...hubs, ...gathered.wanted.map((one) => one.request)];
  const { homes, kept } = recallPlaces(
    before?.devices ?? [],
    devices.map(({ key }) => deviceToPlace(key, gathered.wanted)),
    gathered.missing.map(({ select }) => select),
  );
  const request: PlanRequest = {
    topology,
    growth: {
      hubs: file.usb.grow.hubs && mayHave(capabilities, 'usb-hub'),
      controllers: growth.filter(({ model }) => mayHave(capabilities, model)),
    },
    devices: devices.map((one) => ({ ...one, home: homes.get(one.key) })),
    kept,
    reserve: file.usb.reserve,
    leeway: fileLeeway(file, chosen, topology.ids),
  };
  const made = plan(request);
  return {
    file,
    version,
    request,
    plan: made,
    wanted: gathered.wanted,
    controllers: [...chosen, ...made.controllers],
    hubs: [...hubsOf(file, made), ...made.hubs].sort((a, b) => portDepth(a.port) - portDepth(b.port)),
    emulated: placeEmulated(file, made),
    untold: gathered.untold,
    missing: gathered.missing,
    findings: [
      ...gathered.findings,
      ...planFindings(made, { vm: file.name, running: false, unwritten: unwrittenControllers(file, chosen), locate }),
    ],
  };
}

function deviceToPlace(key: string, wanted: readonly Wanted[]): DeviceToPlace {
  const one = wanted.find(({ id }) => id === key);
  return one?.hostDevice === undefined ? { key, id: key } : { key, hostDevice: one.hostDevice, select: one.select };
}

interface FileDevices {
  readonly wanted: Wanted[];
  readonly missing: HostDeviceWish[];
  readonly untold: { readonly label: string; readonly finding: Finding }[];
  readonly findings: Finding[];
  /** The position in the file of each device of the plan, by its key. */
  readonly places: Map<string, Pointer>;
}

function gatherFileDevices(
  file: VmFile,
  version: QemuVersion,
  inventory: HostInventory | undefined,
  ids: ReadonlySet<string>,
  hostRules: HostRules | undefined,
): FileDevices {
  const gathered: FileDevices = { wanted: [], missing: [], untold: [], findings: [], places: new Map() };
  const taken = new Set(ids);
  for (const wish of file.usb.devices) {
    if (wish.kind === 'emulated') {
      const { controller, port, slower } = wish;
      const made = wantEmulatedDevice(wish.model, wish.id, wish.properties, {
        mandatory: true,
        slower,
        controller,
        port,
      });
      if (made === undefined) continue;
      gathered.wanted.push(made);
      gathered.places.set(made.id, wish.pointer);
    } else if (inventory !== undefined)
      wantListedDevice(wish, file, version, { inventory, hostRules }, taken, gathered);
  }
  return gathered;
}

/** An unavailable device is an error if the VM must have it, otherwise a warning. */
function severityOf(wish: HostDeviceWish): Severity {
  return wish.whenMissing === 'skip' ? 'warning' : 'error';
}

function wantListedDevice(
  wish: HostDeviceWish,
  file: VmFile,
  version: QemuVersion,
  { inventory, hostRules }: { readonly inventory: HostInventory; readonly hostRules: HostRules | undefined },
  taken: Set<string>,
  { wanted, missing, untold, findings, places }: FileDevices,
): void {
  const location = file.locate(wish.pointer);
  const severity = severityOf(wish);
  let device: HostDevice;
  try {
    device = selectOne(wish.select, inventory);
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
    const [first] = error.findings;
    if (first?.code === 'device-not-found') {
      missing.push(wish);
      const { near, present } = first.evidence as EvidenceByCode['device-not-found'];
      const told = inventory.file === undefined ? undefined : { file: inventory.file, near, present };
      const evidence = { selector: wish.select, vm: file.name, policy: wish.whenMissing, told };
      findings.push(finding('device-missing', evidence, { severity, location }));
    } else findings.push(...error.findings.map((one) => ({ ...one, location })));
    return;
  }
  const other = wanted.find((one) => one.hostDevice?.port === device.port);
  const against = [
    ...(other === undefined ? [] : [finding('wanted-twice', { selector: wish.select, label: other.label })]),
    ...deniedFindings(device, file.name, file, inventory, severity),
    ...policyFindings(device, file.name, hostRules?.policy, inventory, severity),
    ...guardFindings(
      device,
      file.name,
      hostRules?.guards ?? new Map(),
      [...(hostRules?.off ?? []), ...wish.guardOff],
      severity,
    ),
    ...[nodeFinding(device)].filter((one) => one !== undefined).map((one) => ({ ...one, severity })),
  ];
  findings.push(...against.map((one) => ({ ...one, location })));
  if (against.length > 0) return;
  const { controller, port, slower } = wish;
  const terms = { mandatory: wish.whenMissing !== 'skip', slower, controller, port };
  const made = wantHostDevice(device, version, taken, terms);
  if ('code' in made) {
    findings.push({ ...made, location });
    if (made.code === 'device-speed-untold') untold.push({ label: labelOf(device), finding: made });
  } else {
    const guardOff = hostRules && takenAway(device, hostRules.guards, hostRules.off);
    wanted.push({ ...made, select: wish.select, guardOff });
    taken.add(made.id);
    places.set(made.id, wish.pointer);
  }
}

function hubsOf(file: VmFile, made: Plan): FilePlan['hubs'] {
  return file.usb.hubs.flatMap(({ id, ports }) => {
    const placed = made.placements.find(({ key }) => key === id);
    return placed === undefined ? [] : [{ id, bus: placed.bus, port: placed.port, ports }];
  });
}

function placeEmulated(file: VmFile, made: Plan): PlacedEmulated[] {
  const emulated = file.usb.devices.filter((wish: DeviceWish): wish is EmulatedDeviceWish => wish.kind === 'emulated');
  return emulated.flatMap(({ id, model, properties, drive }) => {
    const placed = made.placements.find(({ key }) => key === id);
    if (placed === undefined) return [];
    return [{ id, bus: placed.bus, port: placed.port, driver: model, properties, drive }];
  });
}
