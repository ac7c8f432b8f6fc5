import type { JournalHead } from '../registry/index.js';
import { Applied } from './apply.js';
import { withGrants } from './grants.js';
import type { HostAccess } from './host-access.js';
import type { OpenVm } from './open-vm.js';
import type { BothOperation } from './operation.js';
import { ownerOf } from './owner.js';
import type { ChangeStep } from './step.js';
import { takenByHost } from './taken-by-host.js';
import { REMOVAL_TIMEOUT, tellStep } from './transaction.js';

/** Steps, and what the journal says of them. */
export interface ToDo extends Pick<JournalHead, 'kind' | 'recover'> {
  readonly steps: readonly ChangeStep[];
}

export type Doing = Pick<BothOperation, 'signal' | 'onProgress' | 'file'>;

/** Does steps that claim nothing: written down before, undone when one of them fails. */
export async function doSteps(
  vm: OpenVm,
  { steps: planned, kind, recover }: ToDo,
  host: HostAccess,
  { signal, onProgress, file }: Doing,
): Promise<void> {
  const owner = ownerOf(vm);
  const steps = withGrants(planned, owner, host);
  const all = file === undefined ? steps : [...steps, file.step];
  const entry = host.journal.begin({ format: 1, kind, ...owner, steps: all, recover });
  const applied = new Applied(vm.qmp, entry, {
    signal,
    removalTimeout: REMOVAL_TIMEOUT,
    file: file?.held,
    snapshots: host.snapshots,
    nodes: host.nodes,
    onStep: (event) => tellStep(event, onProgress),
    tell: onProgress,
    taken: (step) => takenByHost(step, owner.vm, host),
    explain: async (error) => error,
  });
  try {
    await applied.apply(all);
    entry.commit();
  } finally {
    applied.finish();
  }
}
