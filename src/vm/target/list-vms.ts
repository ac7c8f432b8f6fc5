import type { HostAccess } from '../../access/index.js';
import { type Finding, finding } from '../../diag/index.js';
import type { VmRecord } from '../../registry/index.js';

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
