import {
  claimOn,
  type HostAccess,
  hostDeviceOf,
  isBelieved,
  keyOf,
  ownerOf,
  suspensionOf,
  wishFor,
} from '../../../access/index.js';
import { type Finding, fail } from '../../../diag/index.js';
import { labelOf } from '../../../host/index.js';
import type { SuspendedDevice, Suspension } from '../../../registry/index.js';
import { type Operation, within } from '../../operation.js';
import { readSituation, type Situation } from '../../plan/index.js';
import { type ChangeStep, type Removal, removalStep } from '../../steps/index.js';
import type { OpenVm } from '../../target/index.js';
import { changedVm, changeVm } from '../../transaction/index.js';

export interface SuspendRequest {
  /** Whether the VM keeps its devices. */
  readonly keep: boolean;
}

export interface SuspendReport {
  readonly vm: string;
  /** Whether the guest was paused before. */
  readonly already: boolean;
  /** Devices that the host has until the VM resumes. */
  readonly devices: readonly SuspendedDevice[];
  readonly findings: readonly Finding[];
}

/** A device that leaves the VM until it resumes. */
interface LeavingDevice {
  readonly removal: Removal;
  readonly device: SuspendedDevice;
}

/**
 * Returns the devices of a VM to the host, then pauses its guest. `resume` brings them back to their ports. A device that qplug could not
 * plug in again stays in the VM.
 *
 * @throws QplugError `not-suspendable` if the guest is neither running nor paused; with everything undone: `removal-pending`, …
 */
export async function suspend(
  vm: OpenVm,
  { keep }: SuspendRequest,
  host: HostAccess,
  operation: Operation,
): Promise<SuspendReport> {
  return within(operation, `suspend ${vm.name}`, async (signal) => {
    const { status } = await vm.qmp.execute('query-status', undefined, { signal });
    if (status !== 'running' && status !== 'paused') throw fail('not-suspendable', { vm: vm.name, state: status });
    const owner = ownerOf(vm);
    const before = suspensionOf(owner, host);
    const situation = keep ? undefined : await readSituation(vm, host, { models: () => [], signal });
    const inVm = situation === undefined ? [] : leavingDevices(situation);
    const leaving = inVm.filter(({ device }) => isBelieved(device.key, owner, host));
    const devices = [...(before?.devices ?? []), ...leaving.map(({ device }) => device)];
    const pause: ChangeStep[] = status === 'running' ? [{ do: 'pause', label: 'pause the guest' }] : [];
    const steps = [...leaving.map(({ removal }) => removal), ...pause];
    if (steps.length === 0) return { vm: vm.name, already: true, devices, findings: [] };
    const suspension: Suspension = { owner, devices, since: new Date().toISOString() };
    // saved first: a list of devices that the VM still has does no harm
    host.claims.suspensions.put(suspension);
    try {
      const { inventory } = situation ?? {};
      const change = { kind: 'suspend', recover: 'undo', steps, inventory } as const;
      const { findings } = await changeVm(changedVm(vm), change, host, { ...operation, signal });
      return { vm: vm.name, already: status === 'paused', devices, findings };
    } catch (error) {
      if (before === undefined) host.claims.suspensions.remove(suspension);
      else host.claims.suspensions.put(before);
      throw error;
    }
  });
}

function leavingDevices({ file, topology, inventory, claims }: Situation): LeavingDevice[] {
  return topology.controllers.flatMap((controller) =>
    controller.devices.flatMap((device): LeavingDevice[] => {
      const here = hostDeviceOf(device, inventory, claims);
      const removal = removalStep(device, controller, inventory, claims);
      const { port } = device;
      if (here === undefined || removal.restore === undefined || port === undefined || !device.attached) return [];
      const whenMissing = wishFor(here, file, inventory)?.whenMissing ?? 'skip';
      const key = keyOf(here, inventory);
      const { bus } = controller;
      const guardOff = claimOn(here, inventory, claims)?.guardOff ?? [];
      return [
        {
          removal,
          device: {
            key,
            id: removal.target,
            label: labelOf(here),
            hostPort: here.port,
            bus,
            port,
            whenMissing,
            guardOff,
          },
        },
      ];
    }),
  );
}
