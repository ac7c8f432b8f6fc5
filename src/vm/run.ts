import { setTimeout as delay } from 'node:timers/promises';
import { DeadlineReached, hasEnded, ownUid, selfIdentity } from '../base/index.js';
import { addFindings, type Code, type Finding, fail, type GuardKind, QplugError, throwErrors } from '../diag/index.js';
import { closeToOthers, type QemuProcess, startQemu, startsPaused } from '../launcher/index.js';
import type { Placement, Plan } from '../planner/index.js';
import { connect, QmpClosedError, QmpConnectError, type QmpConnection } from '../qmp/index.js';
import type { JournalEntry, JournalHead, VmRecord } from '../registry/index.js';
import { LAST_LINES } from './attach.js';
import { awaitWished } from './await-wished.js';
import { claimedFinding, claimOn, giveBackClaims, livingClaims } from './claims.js';
import { type HostAccess, inventoryOf } from './host-access.js';
import { type Operation, within } from './operation.js';
import { ownerOf } from './owner.js';
import { commandLineOf, type Prepared, prepare } from './prepare.js';
import { readTopology } from './read-back.js';
import { rememberPlaces } from './remember-places.js';
import { claimsOf } from './settle-claims.js';
import type { Step } from './step.js';
import { carryOut, type Transaction } from './transaction.js';
import { differences } from './verify.js';
import type { Wanted } from './wanted.js';

/** ms between two attempts to reach a QEMU that is starting. */
const KNOCK_EVERY = 30;

export interface RunRequest {
  readonly path: string;
  /** ms to wait for devices with `when-missing: wait`. */
  readonly wait: number;
  /** Whether everything is placed as if the VM had never run. */
  readonly forget?: boolean | undefined;
  /** Whom QEMU is to run as, instead of whom the file says. */
  readonly user?: string | undefined;
  /** Guards of the host that do not count, for any device. */
  readonly guardOff?: readonly GuardKind[] | undefined;
}

/** A VM that was started, verified, and let go. */
export interface RunningVm {
  readonly record: VmRecord;
  readonly process: QemuProcess;
  readonly devices: readonly Placement[];
  /** Host devices that it has. */
  readonly hosts: readonly Wanted[];
  /** What it runs without, and other warnings. */
  readonly findings: readonly Finding[];
  /** Whether its guest waits for `cont`, because its file says `-S`. */
  readonly paused: boolean;
}

/**
 * Starts a VM from its file: plan, launch paused, plug each host device, read back, verify, let the guest go. A host device that
 * is optional and can't be had is told and left out. When anything else fails the VM is ended before its guest ran, and everything
 * is given back.
 *
 * @throws QplugError: the file's mistakes, what preflight found, refusals of the planner, `vm-exists`, `qemu-ended`, `placed-otherwise`, …
 */
export async function runVm(request: RunRequest, host: HostAccess, operation: Operation): Promise<RunningVm> {
  const timeout = operation.timeout + request.wait;
  return within({ ...operation, timeout }, `start ${request.path}`, async (signal) => {
    await awaitWished(request, host, { ...operation, signal });
    const prepared = await prepare(request.path, host, inventoryOf(host), {
      full: true,
      forget: request.forget,
      user: request.user,
      guardOff: request.guardOff,
      signal,
    });
    throwErrors([...prepared.findings, ...(await heldByOthers(prepared, host))]);
    const record = recordOf(prepared);
    const entry = host.journal.begin(journalHead(record, prepared.as?.uid ?? ownUid()));
    try {
      entry.mark(LAUNCH, 'doing');
      host.registry.claim(record);
      return await launchAs(record, prepared, entry, host, { ...operation, signal });
    } finally {
      entry.end();
    }
  });
}

/** With the name taken: given back when the launch fails. */
async function launchAs(
  record: VmRecord,
  prepared: Prepared,
  entry: JournalEntry,
  host: HostAccess,
  operation: Operation,
): Promise<RunningVm> {
  try {
    return await launch(prepared, record, entry, host, operation);
  } catch (error) {
    forget(record, host);
    throw error;
  }
}

/** Places of the steps. Once the guest may have run it is not ended any more, so `GO` is finished. */
const [LAUNCH, GO] = [0, 1];

/** @param uid - whom QEMU runs as */
function journalHead({ name, sockets, created, binary }: VmRecord, uid: number): JournalHead {
  const steps: Step[] = [
    { do: 'launch', vm: name, created, uid, label: `start ${binary}` },
    { do: 'go', label: 'let the guest go' },
  ];
  return { format: 1, kind: 'run', vm: name, socket: sockets.qplug, steps, recover: 'undo' };
}

/** Devices that the VM must have and that another one has: found before anything is started. */
async function heldByOthers({ wanted }: Prepared, host: HostAccess): Promise<Finding[]> {
  const inventory = inventoryOf(host);
  const claims = await livingClaims(host.claims.list(), () => inventory);
  return wanted.flatMap(({ host: device, request }) => {
    const claim = device && request.mandatory ? claimOn(device, inventory, claims) : undefined;
    return claim === undefined ? [] : [claimedFinding(claim)];
  });
}

/** Gives the name back, unless not even SIGKILL could end its QEMU. */
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

async function launch(
  prepared: Prepared,
  claimed: VmRecord,
  entry: JournalEntry,
  host: HostAccess,
  operation: Operation,
): Promise<RunningVm> {
  const { file, binary, as } = prepared;
  const [, ...args] = commandLineOf(prepared).words;
  operation.onProgress?.(`start ${binary}`);
  const { qplug, owner: ownerSocket } = claimed.sockets;
  const sockets = as === undefined ? [] : [qplug, ownerSocket];
  const qemu = await startQemu({
    ...{ binary, args, as, sockets, logFile: claimed.log, signal: operation.signal },
    markFile: prepared.paths.startMark,
    // written down before anything else is done: whoever comes after a qplug that was killed has to know whom to end
    onStart: (identity) => host.registry.update({ ...claimed, qemu: identity }),
  });
  const hosts = prepared.wanted.filter((one) => one.host !== undefined);
  const record = { ...claimed, qemu: qemu.identity };
  const owner = ownerOf({ name: record.name, socket: record.sockets.qplug, record });
  try {
    await using qmp = await reach(qemu, record, operation);
    closeToOthers([qplug, ownerSocket]);
    const { placements, findings } = await plugAll(prepared, qmp, qemu, host, { ...operation, owner });
    operation.onProgress?.('read back and verify');
    throwErrors(differences({ ...prepared.plan, placements }, await readTopology(qmp, operation.signal)));
    entry.mark(LAUNCH, 'done');
    const paused = startsPaused(file.qemu.args);
    if (!paused) {
      operation.onProgress?.('let the guest go');
      entry.mark(GO, 'doing');
      await qmp.execute('cont', undefined, { signal: operation.signal });
      entry.mark(GO, 'done');
    }
    entry.commit();
    const unsaved = remember(prepared, host);
    const had = new Set(placements.map(({ key }) => key));
    return {
      record,
      process: qemu,
      devices: placements,
      hosts: hosts.filter(({ id }) => had.has(id)),
      findings: [...prepared.findings, ...findings, ...unsaved],
      paused,
    };
  } catch (error) {
    const told = await explainEnd(error, qemu, binary);
    operation.onProgress?.(`end ${binary}`);
    await qemu[Symbol.asyncDispose]();
    throw addFindings(told, await giveBackClaims(claimsOf(owner, host), host));
  }
}

/** What could not be plugged is remembered as well: its port is its own. */
function remember({ file, plan, wanted, controllers }: Prepared, host: HostAccess): readonly Finding[] {
  const selectors = file.usb.devices.flatMap((wish) => (wish.kind === 'host' ? [wish.select] : []));
  return rememberPlaces({ vm: file.name, placements: plan.placements, wanted, controllers, selectors }, host);
}

/** What a QEMU that is starting answers: no socket yet, nobody behind it, or a reset when one of its devices fails. */
const NOT_YET: readonly Code[] = ['qmp-no-socket', 'qmp-refused', 'qmp-ended-early', 'qmp-connect-failed'];

/** Connects to a QEMU that is starting, until it answers or is gone. */
async function reach(
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
      if (gone || !(error instanceof QmpConnectError && NOT_YET.includes(error.code))) throw error;
    }
    await Promise.race([delay(KNOCK_EVERY, undefined, { signal }).catch(() => undefined), qemu.exited]);
  }
}

/** Plugs the host devices one by one: what is optional and fails is told, what is mandatory and fails ends it all. */
async function plugAll(
  { plan, wanted }: Prepared,
  qmp: QmpConnection,
  qemu: QemuProcess,
  host: HostAccess,
  operation: Operation & Pick<Transaction, 'owner'>,
): Promise<{ readonly placements: readonly Placement[]; readonly findings: readonly Finding[] }> {
  const placements: Placement[] = [];
  const findings: Finding[] = [];
  for (const placement of plan.placements) {
    const one = wanted.find(({ id }) => id === placement.key);
    if (one?.host !== undefined) {
      const failed = await plugOne(placement, one, qmp, qemu, host, operation);
      if (failed !== undefined) {
        if (one.request.mandatory) throw failed;
        findings.push(...failed.findings.map((found): Finding => ({ ...found, severity: 'warning' })));
        continue;
      }
    }
    placements.push(placement);
  }
  return { placements, findings };
}

async function plugOne(
  placement: Placement,
  one: Wanted,
  qmp: QmpConnection,
  qemu: QemuProcess,
  host: HostAccess,
  operation: Operation & Pick<Transaction, 'owner'>,
): Promise<QplugError | undefined> {
  const plan: Pick<Plan, 'placements' | 'hubs'> = { placements: [placement], hubs: [] };
  const { bus, port } = placement;
  const steps = [{ do: 'add' as const, device: one.spell(bus, port), label: one.label }];
  try {
    const lastLines = (): Promise<readonly string[]> => qemu.lastLines(LAST_LINES);
    await carryOut(qmp, { plan, steps, wanted: [one] }, host, { ...operation, kind: 'run', lastLines });
    return undefined;
  } catch (error) {
    if (error instanceof QplugError && !(error instanceof QmpClosedError)) return error;
    throw error;
  }
}

/** When QEMU ended by itself, that is why whatever was being done failed. */
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
