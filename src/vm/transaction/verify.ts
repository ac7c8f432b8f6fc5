import { keyed } from '../../access/index.js';
import { type Finding, finding } from '../../diag/index.js';
import type { HostInventory } from '../../host/index.js';
import type { AttachedDevice } from '../../qdev/index.js';
import type { DevicesByBus } from '../observe/index.js';
import type { AddStep } from '../steps/index.js';

/** A device that must be in a VM: with this id, on this bus and port, attached, at this speed. */
export interface Expected {
  readonly id: string;
  readonly label: string;
  readonly bus: string;
  readonly port: string;
  /** Mb/s. */
  readonly megabits: number;
}

/** @returns the device that must be in the VM after a step */
export function expectedOf({ device: { id, properties }, label, megabits = 0 }: AddStep): Expected {
  return { id, label, bus: String(properties['bus']), port: String(properties['port']), megabits };
}

/**
 * @param after - the inventory after the step
 * @returns a finding if the device was unplugged, or re-enumerated, in the meantime. QEMU shows it as attached until its guest first uses
 *   it.
 */
export function goneSince(
  { device: { properties }, identity, label, hostPort = '' }: AddStep,
  after: HostInventory,
): Finding[] {
  if (identity === undefined) return [];
  const still = keyed(identity, after);
  const isThere = still?.bus === properties['hostbus'] && still?.address === properties['hostaddr'];
  return isThere ? [] : [finding('device-gone', { label, port: hostPort })];
}

/**
 * Compares QEMU's devices with the plan.
 *
 * @returns a finding for each difference
 */
export function differences(expected: readonly Expected[], actual: DevicesByBus): Finding[] {
  const seen = new Map<string, { readonly bus: string; readonly device: AttachedDevice }>();
  for (const { bus, devices } of actual.controllers) {
    for (const device of devices) {
      if (device.id !== undefined) seen.set(device.id, { bus, device });
    }
  }
  return expected.flatMap(({ id, label, bus, port, megabits }) => {
    const found = seen.get(id);
    const { device } = found ?? {};
    if (device?.attached === true && found?.bus === bus && device.port === port && device.megabits === megabits)
      return [];
    const place =
      found === undefined ? undefined : { bus: found.bus, port: found.device.port, megabits: found.device.megabits };
    return [finding('placed-otherwise', { label, planned: { bus, port, megabits }, actual: place })];
  });
}
