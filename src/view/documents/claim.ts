import type { Claim } from '../../registry/index.js';

/** For programs: a claim. */
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

/** The owner of a device, and the state of its claim. */
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
