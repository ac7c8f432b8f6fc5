import { claimsOf, dismiss, type HostAccess, inventoryOf, ownerOf, settleClaims } from '../../../access/index.js';
import type { Finding } from '../../../diag/index.js';
import { readNamed } from '../../observe/index.js';
import { type Operation, within } from '../../operation.js';
import type { OpenVm } from '../../target/index.js';

/**
 * Asks QEMU whether it still has the devices that the VM's claims say it has, and corrects the claims: QEMU sends no event when it loses a
 * device (hw/usb/host-libusb.c, usb_host_nodev). The claim of a device that QEMU lost becomes `failed`. A device whose object somebody
 * removed through another monitor returns to the host, and counts as detached by hand.
 *
 * @throws QplugError `store-…` · QmpError
 */
export async function checkClaimedDevices(
  vm: OpenVm,
  host: HostAccess,
  operation: Operation,
): Promise<readonly Finding[]> {
  return within(operation, `check the devices of ${vm.name}`, async (signal) => {
    const owner = ownerOf(vm);
    const claims = claimsOf(owner, host).filter(({ state, worker }) => state === 'attached' && worker === undefined);
    if (claims.length === 0) return [];
    const ids = claims.map(({ device }) => device);
    const seen = await readNamed(vm.qmp, ids, signal);
    const there = new Set(seen.controllers.flatMap(({ devices }) => devices.map(({ id }) => id)));
    dismiss(
      claims.filter(({ device }) => !there.has(device)),
      owner,
      host,
    );
    return await settleClaims(claims, seen, inventoryOf(host), host);
  });
}
