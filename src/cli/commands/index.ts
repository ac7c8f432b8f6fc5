/**
 * Every command as data: nothing comes in, and its name, words, options, help and examples go out, with a way to load what it does. A file
 * of this room stands beside a handler of the same name, which is loaded only when the command is called.
 */

import type { CommandDeclaration } from '../command.js';
import { adopt } from './adopt.js';
import { agent } from './agent.js';
import { argv } from './argv.js';
import { assign } from './assign.js';
import { assignments } from './assignments.js';
import { attach } from './attach.js';
import { claims } from './claims.js';
import { detach } from './detach.js';
import { devices } from './devices.js';
import { doctor } from './doctor.js';
import { events } from './events.js';
import { kill } from './kill.js';
import { list } from './list.js';
import { mend } from './mend.js';
import { migrate } from './migrate.js';
import { plan } from './plan.js';
import { qmp } from './qmp.js';
import { rebalance } from './rebalance.js';
import { release } from './release.js';
import { resume } from './resume.js';
import { run } from './run.js';
import { share } from './share.js';
import { shutdown } from './shutdown.js';
import { snapshot } from './snapshot.js';
import { status } from './status.js';
import { suspend } from './suspend.js';
import { unassign } from './unassign.js';
import { wait } from './wait.js';

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandDeclaration[] = [
  devices,
  plan,
  argv,
  run,
  list,
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
