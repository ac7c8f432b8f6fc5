import { type HostAccess, liftDismissals, ownerOf } from '../../../access/index.js';
import { type Finding, fail } from '../../../diag/index.js';
import { type HostDevice, labelOf } from '../../../host/index.js';
import { megabits, type Speed } from '../../../qdev/index.js';
import { within } from '../../operation.js';
import { type AttachPlan, type AttachRequest, planAttach, type ReadBefore, rememberPlaces } from '../../plan/index.js';
import { hasLeft } from '../../steps/index.js';
import type { OpenVm } from '../../target/index.js';
import { type BothOperation, changedVm, changeVm } from '../../transaction/index.js';

/** One device of an attach, and its place. */
export interface AttachedReport {
  readonly id: string;
  readonly label: string;
  /** `already`: it was attached before; qplug did nothing. */
  readonly outcome: 'attached' | 'already';
  readonly hostDevice: HostDevice | undefined;
  readonly bus: string;
  readonly port: string;
  readonly megabits: number | undefined;
  /** Its speed on the host; undefined for a device that was attached before. */
  readonly native: Speed | undefined;
}

export interface AttachReport {
  readonly vm: string;
  readonly devices: readonly AttachedReport[];
  /** Ids of controllers and hubs that qplug added for more ports. */
  readonly controllers: readonly string[];
  readonly hubs: readonly string[];
  readonly findings: readonly Finding[];
}

/**
 * Attaches devices to a running VM: all of them or none. A device that is attached already stays as it is. With `kind` `attach` (the default)
 * a person gives the devices to the VM, and takes back an earlier detach by hand.
 *
 * @throws QplugError as `planAttach` · `migrated-away`: the guest is no longer here · and, with everything undone: QEMU refused a device
 *   (`device-add-refused`, `device-open-failed`, `device-gone`), or did not follow the plan (`placed-otherwise`) · `device-claimed`: the
 *   device belongs to another VM
 */
export async function attach(
  vm: OpenVm,
  request: AttachRequest,
  host: HostAccess,
  operation: BothOperation & { readonly kind?: string | undefined; readonly before?: ReadBefore | undefined },
): Promise<AttachReport> {
  const timeout = operation.timeout + (request.wait ?? 0);
  return within({ ...operation, timeout }, `attach to ${vm.name}`, async (signal) => {
    if (await hasLeft(vm.qmp, signal)) throw fail('migrated-away', { vm: vm.name });
    const planned = await planAttach(vm, request, host, signal, operation.before);
    const { kind = 'attach', file } = operation;
    const { steps, wanted: claims } = planned;
    const { inventory } = planned.situation;
    const change = { kind, recover: 'undo', steps, inventory, claims } as const;
    const mended =
      steps.length === 0 ? [] : (await changeVm(changedVm(vm), change, host, { ...operation, signal })).findings;
    if (steps.length === 0) file?.held.commit();
    if (kind === 'attach') liftDismissals(hostDevicesOf(planned), ownerOf(vm), inventory, host);
    const { placements } = planned.plan;
    const unsaved =
      vm.record === undefined || placements.length === 0
        ? []
        : rememberPlaces({ vm: vm.name, placements, wanted: planned.wanted }, host);
    return reportOf(vm, { ...planned, findings: [...mended, ...planned.findings, ...unsaved] });
  });
}

function hostDevicesOf({ wanted, already }: AttachPlan): HostDevice[] {
  const now = wanted.flatMap(({ hostDevice }) => (hostDevice === undefined ? [] : [hostDevice]));
  return [...now, ...already.map(({ device }) => device)];
}

function reportOf(vm: OpenVm, { plan, wanted, already, findings }: AttachPlan): AttachReport {
  const before = already.map(
    ({ device, standing }): AttachedReport => ({
      id: standing.device.id ?? standing.device.qomPath ?? '',
      label: labelOf(device),
      outcome: 'already',
      hostDevice: device,
      bus: standing.bus,
      port: standing.device.port ?? '',
      megabits: standing.device.megabits,
      native: undefined,
    }),
  );
  // in the user's order, not in the plan's
  const now = wanted.flatMap(({ request, hostDevice }): AttachedReport[] => {
    const placed = plan.placements.find(({ key }) => key === request.key);
    if (placed === undefined) return [];
    const { key, label, bus, port, speed, native } = placed;
    return [{ id: key, label, outcome: 'attached', hostDevice, bus, port, megabits: megabits(speed), native }];
  });
  return {
    vm: vm.name,
    devices: [...before, ...now],
    controllers: plan.controllers.map((one) => one.id),
    hubs: plan.hubs.map((one) => one.id),
    findings,
  };
}
