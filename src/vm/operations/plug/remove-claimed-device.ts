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
 * Removes the object of a claim from its VM, for a time: the device vanished from the host, or the host is to sleep. QEMU keeps the object of
 * a device that vanished for ever: the guest may believe that the device is still there, and its port is taken.
 *
 * @param claim - the VM's claim on that device
 * @param operation - `beforeRemoval` gets the former port before the removal; undefined if the VM has no such object any more
 * @throws QplugError as `detach`
 */
export async function removeClaimedDevice(
  vm: OpenVm,
  claim: Claim,
  host: HostAccess,
  { beforeRemoval, ...operation }: Operation & { beforeRemoval(place: FormerPlace | undefined): void },
): Promise<readonly Finding[]> {
  return within(operation, `remove ${claim.label} from ${vm.name}`, async (signal) => {
    const before = await readSituation(vm, host, { models: () => [], signal });
    const [object] = before.topology.controllers.flatMap(({ bus, devices }) =>
      devices.flatMap(({ id, port }) => (id === claim.device ? [{ bus, port }] : [])),
    );
    beforeRemoval(object?.port === undefined ? undefined : { bus: object.bus, port: object.port });
    if (object === undefined) return giveBackClaims([claim], host);
    const { findings } = await detach(vm, [claim.device], host, { ...operation, signal, kind: 'agent', before });
    return findings;
  });
}
