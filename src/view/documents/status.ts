import { megabits } from '../../qdev/index.js';
import type { VmStatus } from '../../vm/index.js';
import { claimSummary } from './claim.js';
import { hostDeviceSummary } from './host-device.js';
import { topologyDocument } from './topology.js';

/** For programs: a VM with its devices and their owners. */
export function statusDocument(status: VmStatus): Record<string, unknown> {
  const states = new Map(status.devices.map((one) => [one.device, one]));
  return {
    vm: status.vm,
    socket: status.socket,
    state: status.run,
    topology: topologyDocument(status.topology, (device) => {
      const state = states.get(device);
      return {
        state: state?.state ?? null,
        ours: state?.ours ?? false,
        native: state?.native === undefined ? null : megabits(state.native),
        host: state?.hostDevice === undefined ? null : hostDeviceSummary(state.hostDevice),
        claim: claimOf(status, device.id),
      };
    }),
    kept: status.kept.kept,
  };
}

function claimOf({ claims }: VmStatus, id: string | undefined): Record<string, unknown> | null {
  const claim = id === undefined ? undefined : claims?.get(id);
  return claim === undefined ? null : claimSummary(claim);
}
