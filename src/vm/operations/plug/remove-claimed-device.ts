import { giveBackClaims, type HostAccess, inventoryOf, lossOf, readableClaims } from '../../../access/index.js';
import type { Finding } from '../../../diag/index.js';
import type { HostInventory } from '../../../host/index.js';
import type { AttachedDevice } from '../../../qdev/index.js';
import type { Claim } from '../../../registry/index.js';
import { type DevicesByBus, readNamed } from '../../observe/index.js';
import { type Operation, within } from '../../operation.js';
import { removalStep } from '../../steps/index.js';
import type { OpenVm } from '../../target/index.js';
import { changedVm, changeVm } from '../../transaction/index.js';

/** The port of a VM at which a device was. */
export interface FormerPlace {
  readonly bus: string;
  readonly port: string;
}

/** How to remove it. */
export interface RemovalOperation extends Operation {
  /** The host's devices, if the caller has read them already. */
  readonly inventory?: HostInventory | undefined;
  /** The VM's tree as it was before. It says where a device was that is gone from the host, without a question to QEMU. */
  readonly tree?: DevicesByBus | undefined;
  /** Gets the former place before the removal; undefined if the VM has no such object any more. */
  beforeRemoval(place: FormerPlace | undefined): void;
}

/**
 * Removes the object of a claim from its VM, for a time: the device vanished from the host, or the host is to sleep. QEMU keeps the object of
 * a device that vanished for ever: the guest may believe that the device is still there, and its port is taken. It asks QEMU about this one
 * object at most, because the guest is to see at once that the device is gone.
 *
 * @param claim - the VM's claim on that device
 * @throws QplugError as `changeVm`
 */
export async function removeClaimedDevice(
  vm: OpenVm,
  claim: Claim,
  host: HostAccess,
  { beforeRemoval, inventory = inventoryOf(host), tree, ...operation }: RemovalOperation,
): Promise<readonly Finding[]> {
  return within(operation, `remove ${claim.label} from ${vm.name}`, async (signal) => {
    const isGone = lossOf(claim, inventory) !== undefined;
    const known = isGone && tree !== undefined ? objectOf(claim, tree) : undefined;
    const found = known ?? objectOf(claim, await readNamed(vm.qmp, [claim.device], signal));
    const { port } = found?.device ?? {};
    beforeRemoval(found === undefined || port === undefined ? undefined : { bus: found.bus, port });
    if (found === undefined) return giveBackClaims([claim], host);
    const steps = [removalStep(found.device, found, inventory, readableClaims(vm, host))];
    const change = { kind: 'agent', recover: 'finish', steps, inventory } as const;
    const { findings } = await changeVm(changedVm(vm), change, host, { ...operation, signal });
    return findings;
  });
}

function objectOf(
  { device: id }: Claim,
  { controllers }: DevicesByBus,
): { readonly bus: string; readonly device: AttachedDevice } | undefined {
  const [found] = controllers.flatMap(({ bus, devices }) =>
    devices.flatMap((device) => (device.id === id ? [{ bus, device }] : [])),
  );
  return found;
}
