import type { HostAccess } from '../../access/index.js';
import { knockAt } from '../../base/index.js';
import { type Finding, finding, QplugError } from '../../diag/index.js';
import type { VmRecord } from '../../registry/index.js';
import { adoptedVms, findVm } from './find-vm.js';
import { isVmWord } from './vm-word.js';

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
  /** Its QMP monitor: a path; or how else it was adopted. */
  readonly socket: string;
  /** Whether it runs; undefined if that can't be told without a connection. */
  readonly runs: boolean | undefined;
}

/** Lists the VMs that were adopted, whether they run or not; a warning for each record that can't be read. */
export async function listAdopted(
  host: HostAccess,
  signal: AbortSignal,
): Promise<{ readonly vms: readonly AdoptedVm[]; readonly findings: readonly Finding[] }> {
  const vms = await Promise.all(
    adoptedVms(host).map(async (one) => ({ ...one, runs: await runsAt(one, host, signal) })),
  );
  return { vms, findings: host.assignments?.list().findings ?? [] };
}

/** A container runs if a QEMU is in it; at a port qplug can't knock without being QEMU's client for that time. */
async function runsAt(
  { name, socket }: { readonly name: string; readonly socket: string },
  host: HostAccess,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  if (!isVmWord(socket)) return (await knockAt(socket, signal)) === 'listens';
  try {
    const { answerer } = await findVm(name, host, signal);
    return answerer === undefined ? undefined : true;
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
    return false;
  }
}
