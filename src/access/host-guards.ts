import { type Finding, finding, type Guard, type GuardKind, type Severity } from '../diag/index.js';
import { type GuardsByPort, guardsByPort, type HostDevice, type HostInventory, labelOf } from '../host/index.js';
import { claimOn, livingClaims } from './claims.js';
import type { HostAccess } from './host-access.js';
import { ownerOf, type VmTarget } from './owner.js';

/**
 * Finds out why the host needs devices, from what stands in /proc and /sys now.
 *
 * @param devices - of this host; nothing is known of those of a file
 * @param vm - that they are for: what its QEMU has open itself is no reason; undefined for one that does not run
 */
export async function guardsFor(
  devices: readonly HostDevice[],
  inventory: HostInventory,
  { files, claims: store }: Pick<HostAccess, 'files' | 'claims'>,
  vm?: VmTarget,
): Promise<GuardsByPort> {
  const all = await guardsByPort(devices, inventory, files);
  if (![...all.values()].flat().some(({ kind }) => kind === 'in-use')) return all;
  const own = [process.pid, vm && ownerOf(vm).process?.pid];
  const claims = await livingClaims(store.list(), () => inventory);
  const entries = devices.map((device): readonly [string, readonly Guard[]] => {
    const owner = claimOn(device, inventory, claims)?.owner;
    const guards = all.get(device.port) ?? [];
    return [
      device.port,
      guards.flatMap((guard) => byStrangers(guard, [...own, owner?.process?.pid], owner !== undefined)),
    ];
  });
  return new Map(entries);
}

/**
 * @param known - processes that the VM itself is, or that the device's claim tells of: who takes a claim says that better
 * @param isClaimed - whether the claim tells of whoever it is that can't be seen
 */
function byStrangers(guard: Guard, known: readonly (number | undefined)[], isClaimed: boolean): Guard[] {
  if (guard.kind !== 'in-use') return [guard];
  const processes = guard.processes.filter(({ pid }) => !known.includes(pid));
  const isTold = processes.length === 0 && (isClaimed || guard.processes.length > 0);
  return isTold ? [] : [{ ...guard, processes }];
}

/** @returns those of the guards of a device that somebody who knows better has taken away */
export function takenAway({ port }: HostDevice, guards: GuardsByPort, off: readonly GuardKind[]): GuardKind[] {
  return (guards.get(port) ?? []).map(({ kind }) => kind).filter((kind) => off.includes(kind));
}

/**
 * @param off - guards that somebody who knows better has taken away
 * @returns a finding for each guard that is left
 */
export function guardFindings(
  device: HostDevice,
  vm: string,
  guards: GuardsByPort,
  off: readonly GuardKind[],
  severity: Severity = 'error',
): Finding[] {
  const left = (guards.get(device.port) ?? []).filter(({ kind }) => !off.includes(kind));
  return left.map((guard) => finding('device-guarded', { label: labelOf(device), vm, guard }, { severity }));
}
