/** Findings about a running VM: assignments, attach and detach, claims, containers, snapshots, migration, interruption, and its end. */

import { assignments } from './assignments.js';
import { attach } from './attach.js';
import { claims } from './claims.js';
import { containers } from './containers.js';
import { detach } from './detach.js';
import { identity } from './identity.js';
import { interruption } from './interruption.js';
import { lifeCycle } from './life-cycle.js';
import { migration } from './migration.js';
import { snapshotRestore } from './snapshot-restore.js';
import { snapshots } from './snapshots.js';
import { status } from './status.js';

// marked as pure: a bundle that words no finding leaves it out
export const vmFindings: typeof assignments &
  typeof attach &
  typeof claims &
  typeof containers &
  typeof detach &
  typeof identity &
  typeof interruption &
  typeof lifeCycle &
  typeof migration &
  typeof snapshotRestore &
  typeof snapshots &
  typeof status = /* @__PURE__ */ (() => ({
  ...assignments,
  ...attach,
  ...claims,
  ...containers,
  ...detach,
  ...identity,
  ...interruption,
  ...lifeCycle,
  ...migration,
  ...snapshotRestore,
  ...snapshots,
  ...status,
}))();
