import { giveBackClaims, type HostAccess } from '../../../access/index.js';
import type { Finding } from '../../../diag/index.js';
import type { Claim } from '../../../registry/index.js';
import { type Operation, within } from '../../operation.js';
import { readSituation } from '../../plan/index.js';
import type { OpenVm } from '../../target/index.js';
import { detach } from './detach.js';

/** The port of a VM at which a device was. */
export interface FormerPlace {
  readonly bus: string;
  readonly port: string;
}

/**
 * Removes the object of a device that vanished from the host. QEMU keeps the object for ever, its guest may believe that the device is still
 * there, and its port is taken.
 *
 * @param claim - the VM's claim on that device
 * @param beforeRemoval - receives the former place before the removal; undefined if the VM has no such object any more
 * @throws QplugError as `detach`
 */
export async function removeDeadObject(
  vm: OpenVm,
  claim: Claim,
  host: HostAccess,
  operation: Operation & { beforeRemoval(place: FormerPlace | undefined): void },
): Promise<readonly Finding[]> {
  return within(operation, `remove ${claim.label} from ${vm.name}`, async (signal) => {
    const before = await readSituation(vm, host, { models: () => [], signal });
    const place = before.topology.controllers.flatMap(({ bus, devices }) =>
      devices.flatMap(({ id, port }) => (id === claim.device && port !== undefined ? [{ bus, port }] : [])),
    )[0];
    operation.beforeRemoval(place);
    const isThere = before.topology.controllers.some(({ devices }) => devices.some(({ id }) => id === claim.device));
    if (!isThere) return giveBackClaims([claim], host);
    const { findings } = await detach(vm, [claim.device], host, { ...operation, signal, kind: 'agent', before });
    return findings;
  });
}
