import { type Finding, finding } from '../diag/index.js';
import type { HostInventory } from '../host/index.js';
import type { Plan } from '../planner/index.js';
import { type AttachedDevice, megabits, type Topology } from '../qdev/index.js';
import type { Wanted } from './wanted.js';

/**
 * @param now - the host as it is when QEMU has all devices
 * @returns a finding for each device that was pulled, or re-enumerated, meanwhile. QEMU shows it as attached until its guest
 *   first asks for something.
 */
export function goneSince(wanted: readonly Wanted[], now: HostInventory): Finding[] {
  return wanted.flatMap(({ host, label }) => {
    if (host === undefined) return [];
    const still = now.devices.some((one) => one.bus === host.bus && one.address === host.address);
    return still ? [] : [finding('device-gone', { label, port: host.port })];
  });
}

/**
 * Holds what QEMU shows against what was planned: each device and each added hub must be there under its id, on its bus
 * and port, attached, at its speed.
 *
 * @returns a finding for each honest difference; none when all is as planned
 */
export function differences(plan: Pick<Plan, 'placements' | 'hubs'>, actual: Topology): Finding[] {
  const seen = new Map<string, { bus: string; device: AttachedDevice }>();
  for (const controller of actual.controllers) {
    for (const device of controller.devices) {
      if (device.id !== undefined) seen.set(device.id, { bus: controller.bus, device });
    }
  }
  const expected = [
    ...plan.hubs.map((hub) => ({
      id: hub.id,
      label: `hub ${hub.id}`,
      bus: hub.bus,
      port: hub.port,
      megabits: megabits('full'),
    })),
    ...plan.placements.map((one) => ({
      id: one.key,
      label: one.label,
      bus: one.bus,
      port: one.port,
      megabits: megabits(one.speed),
    })),
  ];
  return expected.flatMap(({ id, label, bus, port, megabits }) => {
    const found = seen.get(id);
    const { device } = found ?? {};
    if (device?.attached === true && found?.bus === bus && device.port === port && device.megabits === megabits)
      return [];
    const actualPlace =
      found === undefined ? undefined : { bus: found.bus, port: found.device.port, megabits: found.device.megabits };
    return [finding('placed-otherwise', { label, planned: { bus, port, megabits }, actual: actualPlace })];
  });
}
