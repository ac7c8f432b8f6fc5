import { type HostAccess, inventoryOf, keyed, ownerOf, suspensionOf } from '../../../access/index.js';
import { Deadline, DeadlineReached, poll } from '../../../base/index.js';
import { type Finding, fail, finding, QplugError, throwErrors } from '../../../diag/index.js';
import type { HostDevice } from '../../../host/index.js';
import type { SuspendedDevice } from '../../../registry/index.js';
import { refuseHalfLoaded } from '../../observe/index.js';
import { type Operation, within } from '../../operation.js';
import { hasLeft } from '../../steps/index.js';
import type { OpenVm } from '../../target/index.js';
import { changedVm, changeVm } from '../../transaction/index.js';
import { attach } from '../plug/index.js';

/** ms between two reads of the host's devices. */
const DEVICE_INTERVAL = 200;

export interface ResumeRequest {
  /** ms to wait, in total, for devices with `when-missing: wait` in the VM's file; for all devices if `waitForAll`. */
  readonly wait: number;
  readonly waitForAll: boolean;
}

/** A device and whether the VM has it again. */
export interface ResumedDevice extends SuspendedDevice {
  readonly back: boolean;
}

export interface ResumeReport {
  readonly vm: string;
  /** Whether the guest ran before. */
  readonly already: boolean;
  readonly devices: readonly ResumedDevice[];
  readonly findings: readonly Finding[];
}

/**
 * Attaches the devices of a suspended VM again, each to its former port, then resumes the guest. If a device is not available, it reports
 * that and continues. If the VM must have that device (`when-missing: fail`), the guest stays paused, and the attached devices stay
 * attached.
 *
 * @throws QplugError `missing-at-resume` for each missing device that the VM must have · `migrated-away`, `awaits-guest`: there is no guest
 *   here · `guest-half-loaded`: the guest must not run
 */
export async function resume(
  vm: OpenVm,
  request: ResumeRequest,
  host: HostAccess,
  operation: Operation,
): Promise<ResumeReport> {
  const timeout = operation.timeout + request.wait;
  return within({ ...operation, timeout }, `resume ${vm.name}`, async (signal) => {
    const { status } = await vm.qmp.execute('query-status', undefined, { signal });
    if (status === 'inmigrate') throw fail('awaits-guest', { vm: vm.name });
    if (await hasLeft(vm.qmp, signal)) throw fail('migrated-away', { vm: vm.name });
    await refuseHalfLoaded(vm, signal);
    const suspension = suspensionOf(ownerOf(vm), host);
    const findings: Finding[] = [];
    const devices: ResumedDevice[] = [];
    using deadline = new Deadline(request.wait, signal);
    for (const device of suspension?.devices ?? []) {
      const found = await bringBack(vm, device, { host, operation, signal, deadline, wait: mayWait(device, request) });
      findings.push(...found.findings);
      devices.push({ ...device, back: found.back });
    }
    throwErrors(findings);
    if (status !== 'running') {
      const steps = [{ do: 'continue' as const, label: 'resume the guest' }];
      const change = { kind: 'resume', recover: 'finish', steps } as const;
      await changeVm(changedVm(vm), change, host, { ...operation, signal });
    }
    if (suspension !== undefined) host.claims.suspensions.remove(suspension);
    return { vm: vm.name, already: status === 'running', devices, findings };
  });
}

function mayWait({ whenMissing }: SuspendedDevice, { wait, waitForAll }: ResumeRequest): boolean {
  return wait > 0 && (waitForAll || whenMissing === 'wait');
}

interface ResumeContext {
  readonly host: HostAccess;
  readonly operation: Operation;
  readonly signal: AbortSignal;
  readonly deadline: Deadline;
  readonly wait: boolean;
}

/** Attaches one device to its former port. A failure is a warning, or an error if the VM must have the device. */
async function bringBack(
  vm: OpenVm,
  device: SuspendedDevice,
  { host, operation, signal, deadline, wait }: ResumeContext,
): Promise<{ readonly back: boolean; readonly findings: readonly Finding[] }> {
  const severity = device.whenMissing === 'fail' ? 'error' : 'warning';
  if (wait) operation.onProgress?.(`wait for ${device.label}`);
  const there = wait ? await awaitDevice(device, host, deadline) : present(device, host);
  if (there === undefined) {
    const { label, hostPort } = device;
    const evidence = { label, vm: vm.name, port: hostPort, mandatory: severity === 'error' };
    return { back: false, findings: [finding('missing-at-resume', evidence, { severity })] };
  }
  const { bus: controller, port, guardOff: handedOver } = device;
  const request = { selectors: [there.port], controller, port, slower: 'allow' as const, handedOver };
  try {
    const { findings } = await attach(vm, request, host, { ...operation, signal, kind: 'resume' });
    return { back: true, findings: findings.filter(({ code }) => code !== 'already-attached') };
  } catch (error) {
    if (!(error instanceof QplugError) || signal.aborted) throw error;
    return { back: false, findings: error.findings.map((one): Finding => ({ ...one, severity })) };
  }
}

function present({ key }: SuspendedDevice, host: HostAccess): HostDevice | undefined {
  return keyed(key, inventoryOf(host));
}

async function awaitDevice(
  device: SuspendedDevice,
  host: HostAccess,
  deadline: Deadline,
): Promise<HostDevice | undefined> {
  try {
    return await poll(() => present(device, host), { interval: DEVICE_INTERVAL, signal: deadline.signal });
  } catch (error) {
    if (!(error instanceof DeadlineReached)) throw error;
    return undefined;
  }
}
