/**
 * Every command as data: nothing comes in, and its name, words, options, help and examples go out, with a way to load what it does. A file
 * of this room stands beside a handler of the same name, which is loaded only when the command is called.
 */

import type { CommandDeclaration } from '../command.js';
import { argv } from './look/argv.js';
import { assignments } from './look/assignments.js';
import { claims } from './look/claims.js';
import { devices } from './look/devices.js';
import { events } from './look/events.js';
import { list } from './look/list.js';
import { plan } from './look/plan.js';
import { status } from './look/status.js';
import { vms } from './look/vms.js';
import { wait } from './look/wait.js';
import { doctor } from './mend/doctor.js';
import { mend } from './mend/mend.js';
import { qmp } from './mend/qmp.js';
import { adopt } from './plug/adopt.js';
import { agent } from './plug/agent.js';
import { assign } from './plug/assign.js';
import { attach } from './plug/attach.js';
import { detach } from './plug/detach.js';
import { rebalance } from './plug/rebalance.js';
import { release } from './plug/release.js';
import { unassign } from './plug/unassign.js';
import { kill } from './run/kill.js';
import { migrate } from './run/migrate.js';
import { resume } from './run/resume.js';
import { run } from './run/run.js';
import { share } from './run/share.js';
import { shutdown } from './run/shutdown.js';
import { snapshot } from './run/snapshot.js';
import { suspend } from './run/suspend.js';

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandDeclaration[] = [
  devices,
  plan,
  argv,
  run,
  list,
  vms,
  status,
  claims,
  events,
  wait,
  assignments,
  attach,
  detach,
  rebalance,
  release,
  assign,
  unassign,
  adopt,
  suspend,
  resume,
  snapshot,
  migrate,
  agent,
  share,
  shutdown,
  kill,
  mend,
  doctor,
  qmp,
];
