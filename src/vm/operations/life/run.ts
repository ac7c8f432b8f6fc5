import { setTimeout as delay } from 'node:timers/promises';
import { claimedFinding, claimOn, type HostAccess, inventoryOf, livingClaims, ownerOf } from '../../../access/index.js';
import { DeadlineReached, hasEnded, ownUid, selfIdentity } from '../../../base/index.js';
import { type Code, type Finding, fail, type GuardKind, throwErrors } from '../../../diag/index.js';
import type { HostInventory } from '../../../host/index.js';
import { closeToOthers, type QemuProcess, startQemu, startsPaused } from '../../../launcher/index.js';
import type { Placement, Plan } from '../../../planner/index.js';
import { megabits } from '../../../qdev/index.js';
import { connect, QmpClosedError, QmpConnectError, type QmpConnection } from '../../../qmp/index.js';
import type { VmRecord } from '../../../registry/index.js';
import { type Operation, within } from '../../operation.js';
import {
  addStep,
  awaitWished,
  commandLineOf,
  type Prepared,
  prepare,
  rememberPlaces,
  type Wanted,
} from '../../plan/index.js';
import type { AddStep, Step } from '../../steps/index.js';
import { readVmFile } from '../../target/index.js';
import {
  type ChangedVm,
  changeVm,
  type Expected,
  LAST_LINES,
  type Launch,
  type TransactionRequest,
} from '../../transaction/index.js';

/** ms between two attempts to connect to a QEMU that is starting. */
const CONNECT_RETRY_INTERVAL = 30;

export interface RunRequest {
  readonly path: string;
  /** ms to wait for devices with `when-missing: wait`. */
  readonly wait: number;
  /** Whether to place everything as if the VM had never run. */
  readonly forget?: boolean | undefined;
  /** The user to run QEMU as; overrides the file. */
  readonly user?: string | undefined;
  /** Host guards that the user switched off, for all devices. */
  readonly guardOff?: readonly GuardKind[] | undefined;
}

/** A VM after a successful start. */
export interface RunningVm {
  readonly record: VmRecord;
  readonly process: QemuProcess;
  readonly devices: readonly Placement[];
  /** Its host devices. */
  readonly hostDevices: readonly Wanted[];
  /** Warnings, for example about devices that it lacks. */
  readonly findings: readonly Finding[];
  /** Whether its guest waits for `cont`, because its file has `-S`. */
  readonly paused: boolean;
}

/**
 * Starts a VM from its file: it plans, launches QEMU paused, plugs each host device in, verifies, and resumes the guest. If an optional
 * host device is not available, it reports that and starts without the device. If anything else fails, it ends the VM before its guest
 * runs, and returns all devices to the host.
 *
 * @throws QplugError: the file's errors, preflight's findings, the planner's refusals, `vm-exists`, `qemu-ended`, `placed-otherwise`, …
 */
export async function runVm(request: RunRequest, host: HostAccess, operation: Operation): Promise<RunningVm> {
  const timeout = operation.timeout + request.wait;
  return within({ ...operation, timeout }, `start ${request.path}`, async (signal) => {
    const file = await readVmFile(request.path, signal);
    await awaitWished({ file, wait: request.wait }, host, { ...operation, signal });
    const inventory = inventoryOf(host);
    const prepared = await prepare(file, host, inventory, {
      full: true,
      forget: request.forget,
      user: request.user,
      guardOff: request.guardOff,
      signal,
    });
    throwErrors([...prepared.findings, ...(await heldByOthers(prepared, inventory, host))]);
    await using start = new Start(prepared, host, { ...operation, signal });
    const { findings, without } = await changeVm(start, changeFor(prepared, inventory, start.record), host, {
      ...operation,
      signal,
    });
    const unsaved = remember(prepared, host);
    return {
      record: start.started,
      process: start.process,
      devices: prepared.plan.placements.filter(({ key }) => !without.has(key)),
      hostDevices: prepared.wanted.filter(({ id, hostDevice }) => hostDevice !== undefined && !without.has(id)),
      findings: [...prepared.findings, ...findings, ...unsaved],
      paused: startsPaused(prepared.file.qemu.args),
    };
  });
}

/** Plugs the host devices in one by one, since they are not on QEMU's command line; then resumes the guest, unless the file has `-S`. */
function changeFor(
  { file, plan, wanted, as }: Prepared,
  inventory: HostInventory,
  { name, created, binary }: VmRecord,
): TransactionRequest {
  const isPlugged = (key: string): Wanted | undefined =>
    wanted.find(({ id, hostDevice }) => id === key && hostDevice !== undefined);
  const adds = plan.placements.flatMap((placement): AddStep[] => {
    const one = isPlugged(placement.key);
    if (one === undefined) return [];
    return [{ ...addStep(one, placement, inventory), ...(one.request.mandatory ? {} : { optional: true }) }];
  });
  const launch: Step = { do: 'launch', vm: name, created, uid: as?.uid ?? ownUid(), label: `start ${binary}` };
  const go: Step[] = startsPaused(file.qemu.args) ? [] : [{ do: 'go', label: 'resume the guest' }];
  return {
    kind: 'run',
    recover: 'undo',
    steps: [launch, ...adds, ...go],
    inventory,
    claims: wanted
      .filter(({ id }) => adds.some(({ device }) => device.id === id))
      .map((one) => ({ ...one, optional: !one.request.mandatory })),
    expected: [
      ...plan.hubs.map(expectedHub),
      ...plan.placements.filter(({ key }) => !isPlugged(key)).map(expectedDevice),
    ],
  };
}

/** @returns a finding for each required device that another VM has; checked before the start */
async function heldByOthers({ wanted }: Prepared, inventory: HostInventory, host: HostAccess): Promise<Finding[]> {
  const claims = await livingClaims(host.claims.list(), () => inventory);
  return wanted.flatMap(({ hostDevice: device, request }) => {
    const claim = device && request.mandatory ? claimOn(device, inventory, claims) : undefined;
    return claim === undefined ? [] : [claimedFinding(claim)];
  });
}

/** Frees the VM's name, unless not even SIGKILL ended its QEMU. */
function forget(claimed: VmRecord, { registry }: HostAccess): void {
  const qemu = registry.read(claimed.name)?.qemu;
  if (qemu === undefined || hasEnded(qemu)) registry.remove(claimed);
}

function recordOf({ file, paths, binary }: Prepared): VmRecord {
  return {
    format: 1,
    name: file.name,
    file: file.path,
    binary,
    sockets: { qplug: paths.qplugSocket, owner: paths.ownerSocket },
    log: paths.log,
    startMark: paths.startMark,
    launcher: selfIdentity(),
    qemu: undefined,
    created: new Date().toISOString(),
  };
}

/** Starts QEMU with its guest paused, and ends it again if the start fails. */
class Start implements Launch, AsyncDisposable {
  readonly record: VmRecord;
  readonly owner: Launch['owner'];
  readonly #prepared: Prepared;
  readonly #host: HostAccess;
  readonly #operation: Operation;
  #isNamed = false;
  #qemu: QemuProcess | undefined;
  #qmp: QmpConnection | undefined;

  constructor(prepared: Prepared, host: HostAccess, operation: Operation) {
    this.record = recordOf(prepared);
    this.owner = { vm: this.record.name, socket: this.record.sockets.qplug };
    this.#prepared = prepared;
    this.#host = host;
    this.#operation = operation;
  }

  get process(): QemuProcess {
    if (this.#qemu === undefined) throw new Error('it was not started');
    return this.#qemu;
  }

  /** The record, with QEMU's process. */
  get started(): VmRecord {
    return { ...this.record, qemu: this.process.identity };
  }

  async start(): Promise<ChangedVm> {
    const { as, binary, paths } = this.#prepared;
    const { registry } = this.#host;
    const { sockets, log: logFile } = this.record;
    registry.claim(this.record);
    this.#isNamed = true;
    const [, ...args] = commandLineOf(this.#prepared).words;
    const handed = [sockets.qplug, sockets.owner];
    this.#qemu = await startQemu({
      ...{ binary, args, as, logFile, sockets: as === undefined ? [] : handed },
      ...{ markFile: paths.startMark, signal: this.#operation.signal },
      // recorded first of all: if qplug is killed, the next command must know which process to end
      onStart: (identity) => registry.update({ ...this.record, qemu: identity }),
    });
    this.#qmp = await connectToStarting(this.#qemu, this.record, this.#operation);
    closeToOthers(handed);
    const { started: record } = this;
    const owner = ownerOf({ name: record.name, socket: sockets.qplug, record });
    return { name: record.name, owner, qmp: this.#qmp, lastLines: () => this.process.lastLines(LAST_LINES) };
  }

  async undo(cause: unknown): Promise<unknown> {
    const qemu = this.#qemu;
    const { binary } = this.#prepared;
    const told = qemu === undefined ? cause : await explainEnd(cause, qemu, binary);
    if (qemu !== undefined) this.#operation.onProgress?.(`end ${binary}`);
    await this[Symbol.asyncDispose]();
    await qemu?.[Symbol.asyncDispose]();
    if (this.#isNamed) forget(this.record, this.#host);
    return told;
  }

  /** Closes the monitor connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#qmp?.close();
  }
}

const expectedHub = ({ id, bus, port }: Plan['hubs'][number]): Expected => {
  return { id, label: `hub ${id}`, bus, port, megabits: megabits('full') };
};

const expectedDevice = ({ key: id, label, bus, port, speed }: Placement): Expected => {
  return { id, label, bus, port, megabits: megabits(speed) };
};

/** Remembers all planned places, including those of devices that could not be plugged in: their ports stay reserved. */
function remember({ file, plan, wanted, controllers }: Prepared, host: HostAccess): readonly Finding[] {
  const selectors = file.usb.devices.flatMap((wish) => (wish.kind === 'host' ? [wish.select] : []));
  return rememberPlaces({ vm: file.name, placements: plan.placements, wanted, controllers, selectors }, host);
}

/** Connection errors of a QEMU that is starting: no socket yet, no listener, or a reset if one of its devices fails. */
const STARTING_ERRORS: readonly Code[] = ['qmp-no-socket', 'qmp-refused', 'qmp-ended-early', 'qmp-connect-failed'];

/** Tries to connect to a QEMU that is starting, until it answers or ends. */
async function connectToStarting(
  qemu: QemuProcess,
  { sockets, binary }: VmRecord,
  { signal, timeout }: Operation,
): Promise<QmpConnection> {
  let gone = false;
  void qemu.exited.then(() => {
    gone = true;
  });
  for (;;) {
    try {
      return await connect({ path: sockets.qplug }, { signal, timeout });
    } catch (error) {
      if (error instanceof DeadlineReached) {
        const lastLines = await qemu.lastLines(LAST_LINES);
        throw fail('start-timeout', { binary, timeout, lastLines }, { cause: error });
      }
      if (gone || !(error instanceof QmpConnectError && STARTING_ERRORS.includes(error.code))) throw error;
    }
    await Promise.race([delay(CONNECT_RETRY_INTERVAL, undefined, { signal }).catch(() => undefined), qemu.exited]);
  }
}

/** If QEMU ended by itself, that is the reason for the error. */
async function explainEnd(error: unknown, qemu: QemuProcess, binary: string): Promise<unknown> {
  const lost = error instanceof QmpConnectError || error instanceof QmpClosedError;
  const exit = await Promise.race([qemu.exited, delay(lost ? 1000 : 0).then(() => undefined)]);
  if (exit === undefined) return error;
  const { code, signal } = exit;
  const lastLines = await qemu.lastLines(LAST_LINES);
  return fail(
    'qemu-ended',
    { binary, code: code ?? undefined, signal: signal ?? undefined, lastLines },
    { cause: error },
  );
}
