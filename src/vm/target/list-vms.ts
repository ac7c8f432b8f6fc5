import type { HostAccess } from '../../access/index.js';
import { type Finding, finding } from '../../diag/index.js';
import type { VmRecord } from '../../registry/index.js';

/**
 * The VMs that qplug runs here. What is left of one that has ended (killed, or the host's power was cut) is cleared away,
 * and told.
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
