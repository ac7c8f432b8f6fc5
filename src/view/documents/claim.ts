import type { Claim } from '../../registry/index.js';

/** A claim for programs. */
export function claimDocument({
  key,
  owner,
  device,
  label,
  port,
  drivers,
  guardOff,
  ...claim
}: Claim): Record<string, unknown> {
  return {
    ...claimSummary({ owner, ...claim }),
    device: {
      id: device,
      label,
      port,
      connector: key.connector,
      vendorId: key.vendorId,
      productId: key.productId,
      serial: key.serial === '' ? null : key.serial,
    },
    drivers: drivers.map(([name, driver]) => ({ interface: name, driver })),
    guardOff,
  };
}

/** Whose a device is and how far. */
export function claimSummary({
  owner,
  state,
  reason,
  since,
  worker,
}: Pick<Claim, 'owner' | 'state' | 'reason' | 'since' | 'worker'>): Record<string, unknown> {
  return {
    vm: owner.vm,
    socket: owner.socket,
    pid: owner.process?.pid ?? null,
    state,
    reason: reason ?? null,
    since,
    worker: worker?.pid ?? null,
  };
}
