import type { HostAccess } from '../../access/index.js';
import { knockAt } from '../../base/index.js';
import { type Finding, finding } from '../../diag/index.js';
import type { VmRecord } from '../../registry/index.js';
import { adoptedVms } from './find-vm.js';

/**
 * Lists the VMs that qplug runs here. Removes the record of each VM that has ended (it was killed, or the host lost power), and reports it.
 */
export function listVms(host: HostAccess): {
  readonly vms: readonly VmRecord[];
  readonly findings: readonly Finding[];
} {
  const vms: VmRecord[] = [];
  const findings: Finding[] = [];
  host.registry.sweep();
  for (const { record, alive } of host.registry.list()) {
    if (alive) vms.push(record);
    else {
      host.registry.removeIfDead(record.name);
      findings.push(finding('vm-forgotten', { vm: record.name }, { severity: 'note' }));
    }
  }
  return { vms, findings };
}

/** A VM that qplug did not start, and that a person gave a name. */
export interface AdoptedVm {
  readonly name: string;
  /** Of its QMP monitor: absolute. */
  readonly socket: string;
  /** Whether a process listens there. */
  readonly runs: boolean;
}

/** Lists the VMs that were adopted, whether they run or not; a warning for each record that can't be read. */
export async function listAdopted(
  host: HostAccess,
  signal: AbortSignal,
): Promise<{ readonly vms: readonly AdoptedVm[]; readonly findings: readonly Finding[] }> {
  const vms = await Promise.all(
    adoptedVms(host).map(async (one) => ({ ...one, runs: (await knockAt(one.socket, signal)) === 'listens' })),
  );
  return { vms, findings: host.assignments?.list().findings ?? [] };
}
