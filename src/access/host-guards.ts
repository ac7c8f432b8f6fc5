import { type Finding, finding, type Guard, type GuardKind, type Severity } from '../diag/index.js';
import { type GuardsByPort, guardsByPort, type HostDevice, type HostInventory, labelOf } from '../host/index.js';
import { claimOn, livingClaims } from './claims.js';
import type { HostAccess } from './host-access.js';
import { ownerOf, type VmTarget } from './owner.js';

/**
 * Finds out from /proc and /sys why the host needs devices.
 *
 * @param devices - devices of this host, not of a host file
 * @param vm - their VM, whose own QEMU may have the node open without a guard; undefined if it does not run
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
 * @param known - the processes of qplug, the VM and the device's claim, which the claim check reports
 * @param isClaimed - whether a claim explains a process that cannot be seen
 */
function byStrangers(guard: Guard, known: readonly (number | undefined)[], isClaimed: boolean): Guard[] {
  if (guard.kind !== 'in-use') return [guard];
  const processes = guard.processes.filter(({ pid }) => !known.includes(pid));
  const isTold = processes.length === 0 && (isClaimed || guard.processes.length > 0);
  return isTold ? [] : [{ ...guard, processes }];
}

/** @returns those guards of a device that the user switched off */
export function takenAway({ port }: HostDevice, guards: GuardsByPort, off: readonly GuardKind[]): GuardKind[] {
  return (guards.get(port) ?? []).map(({ kind }) => kind).filter((kind) => off.includes(kind));
}

/**
 * @param off - guards that the user switched off
 * @returns a finding for each remaining guard
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
