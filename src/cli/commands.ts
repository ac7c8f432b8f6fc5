import type { CommandDeclaration } from './command.js';
import { argv } from './commands/argv.js';
import { attach } from './commands/attach.js';
import { claims } from './commands/claims.js';
import { detach } from './commands/detach.js';
import { devices } from './commands/devices.js';
import { doctor } from './commands/doctor.js';
import { kill } from './commands/kill.js';
import { list } from './commands/list.js';
import { mend } from './commands/mend.js';
import { migrate } from './commands/migrate.js';
import { plan } from './commands/plan.js';
import { qmp } from './commands/qmp.js';
import { rebalance } from './commands/rebalance.js';
import { release } from './commands/release.js';
import { resume } from './commands/resume.js';
import { run } from './commands/run.js';
import { shutdown } from './commands/shutdown.js';
import { snapshot } from './commands/snapshot.js';
import { status } from './commands/status.js';
import { suspend } from './commands/suspend.js';

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandDeclaration[] = [
  devices,
  plan,
  argv,
  run,
  list,
  status,
  claims,
  attach,
  detach,
  rebalance,
  release,
  suspend,
  resume,
  snapshot,
  migrate,
  shutdown,
  kill,
  mend,
  doctor,
  qmp,
];
