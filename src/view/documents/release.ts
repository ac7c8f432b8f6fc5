import type { ReleaseReport } from '../../vm/index.js';
import { claimSummary } from './claim.js';

/** For programs: how the host gets a device back. */
export function releaseDocument({ label, claim, actions, done }: ReleaseReport): Record<string, unknown> {
  return {
    label,
    done,
    claim: claim === undefined ? null : claimSummary(claim),
    actions: actions.map((one) =>
      one.action === 'rebind'
        ? { action: one.action, drivers: one.drivers.map(([name, driver]) => ({ interface: name, driver })) }
        : one,
    ),
  };
}
