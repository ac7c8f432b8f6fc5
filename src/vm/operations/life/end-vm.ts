import {
  awaitHostDrivers,
  claimOn,
  claimsOf,
  giveBackClaims,
  type HostAccess,
  hostDeviceOf,
  inventoryOf,
  monitorPath,
  ownerOf,
  readableClaims,
  type VmTarget,
} from '../../../access/index.js';
import { Deadline, poll, hasEnded as processHasEnded } from '../../../base/index.js';
import { type Finding, fail } from '../../../diag/index.js';
import type { HostDevice } from '../../../host/index.js';
import { endProcess } from '../../../launcher/index.js';
import {
  parseAddress,
  QmpClosedError,
  QmpConnectError,
  type QmpConnection,
  QmpTimeoutError,
} from '../../../qmp/index.js';
import { readTopology } from '../../observe/index.js';
import type { Operation } from '../../operation.js';
import { connectMonitor, type OpenVm } from '../../target/index.js';

/** ms for a QEMU to answer before qplug sends signals instead. */
export const ANSWER_TIMEOUT = 2000;

/** ms for `quit`, during which QEMU flushes its disks. */
const QUIT_TIMEOUT = 5000;

/** How a VM ended. */
export interface EndReport {
  readonly vm: string;
  /** The step that ended it. */
  readonly by: 'powerdown' | 'quit' | 'SIGTERM' | 'SIGKILL' | 'already';
  readonly findings: readonly Finding[];
}

/**
 * Asks the guest to power off and waits until its QEMU has ended.
 *
 * @throws QplugError `shutdown-ignored` if the guest does not run · `shutdown-timeout`: the VM still runs
 */
export async function shutdownVm(vm: OpenVm, host: HostAccess, operation: Operation): Promise<EndReport> {
  const { status } = await vm.qmp.execute('query-status', undefined, { signal: operation.signal });
  if (status !== 'running') throw fail('shutdown-ignored', { vm: vm.name, state: status });
  const hostDevices = await hostDevicesIn(vm, vm.qmp, host, operation.signal);
  operation.onProgress?.('ask the guest to power off');
  await vm.qmp.execute('system_powerdown', undefined, { signal: operation.signal });
  if (!(await hasEnded(vm, vm.qmp, operation.timeout, operation.signal))) {
    throw fail('shutdown-timeout', { vm: vm.name, timeout: operation.timeout });
  }
  return finish(vm, host, hostDevices, 'powerdown');
}

/**
 * Ends a VM without asking its guest: by `quit`, then, if its process is known, by SIGTERM and SIGKILL.
 *
 * @throws QmpConnectError if it does not answer and its process is unknown · QplugError `process-not-ended`
 */
export async function killVm(target: VmTarget, host: HostAccess, operation: Operation): Promise<EndReport> {
  const { signal, onProgress } = operation;
  let hostDevices: readonly HostDevice[] = [];
  try {
    await using qmp = await connectMonitor(parseAddress(monitorPath(target.socket, host)), {
      signal,
      turn: true,
      timeout: ANSWER_TIMEOUT,
      commandTimeout: ANSWER_TIMEOUT,
    });
    hostDevices = await hostDevicesIn(target, qmp, host, signal);
    onProgress?.('quit');
    await qmp.execute('quit', undefined, { signal }).catch(ignoreClosed);
    if (await hasEnded(target, qmp, QUIT_TIMEOUT, signal)) return finish(target, host, hostDevices, 'quit');
  } catch (error) {
    const silent =
      error instanceof QmpConnectError || error instanceof QmpTimeoutError || error instanceof QmpClosedError;
    if (!silent || target.record?.qemu === undefined) throw error;
  }
  const identity = target.record?.qemu;
  if (identity === undefined) throw fail('no-record', { vm: target.name });
  const { by } = await endProcess(identity, { signal, onStep: (step) => onProgress?.(step.signal) });
  return finish(target, host, hostDevices, by);
}

function ignoreClosed(error: unknown): void {
  // QEMU may end before it sends its answer
  if (!(error instanceof QmpClosedError)) throw error;
}

/** @returns the host devices that QEMU has now */
async function hostDevicesIn(
  target: VmTarget,
  qmp: QmpConnection,
  host: HostAccess,
  signal: AbortSignal,
): Promise<HostDevice[]> {
  const inventory = inventoryOf(host);
  const claims = readableClaims(target, host);
  const { controllers } = await readTopology(qmp, signal);
  return controllers.flatMap(({ devices }) =>
    devices.flatMap((device) => hostDeviceOf(device, inventory, claims) ?? []),
  );
}

/** @returns whether QEMU ended within `timeout` ms. Its process decides if it is known, otherwise its connection */
async function hasEnded(
  { record }: VmTarget,
  qmp: QmpConnection,
  timeout: number,
  signal: AbortSignal,
): Promise<boolean> {
  using deadline = new Deadline(timeout, signal);
  const identity = record?.qemu;
  try {
    let closed = false;
    void qmp.closed.then(() => {
      closed = true;
    });
    const ended = (): boolean => (identity === undefined ? closed : processHasEnded(identity));
    return await poll(() => (ended() ? true : undefined), { interval: 20, signal: deadline.signal });
  } catch (error) {
    if (!deadline.reached) throw error;
    return false;
  }
}

async function finish(
  target: VmTarget,
  host: HostAccess,
  hostDevices: readonly HostDevice[],
  by: EndReport['by'],
): Promise<EndReport> {
  const { name, record } = target;
  const claims = claimsOf(ownerOf(target), host);
  const inventory = inventoryOf(host);
  const unclaimed = hostDevices.filter((device) => claimOn(device, inventory, claims) === undefined);
  const findings = [...(await giveBackClaims(claims, host)), ...(await awaitHostDrivers(unclaimed, host))];
  if (record !== undefined) host.registry.removeIfDead(record.name);
  return { vm: name, by, findings };
}
