/** Findings about qplug itself: its command line, its output, its database and folders, and the system below it. */

import { agent } from './agent.js';
import { commandLine } from './command-line.js';
import { database } from './database.js';
import { doctor } from './doctor.js';
import { folders } from './folders.js';
import { output } from './output.js';
import { service } from './service.js';
import { system } from './system.js';

// marked as pure: a bundle that words no finding leaves it out
export const programFindings: typeof agent &
  typeof commandLine &
  typeof database &
  typeof doctor &
  typeof folders &
  typeof output &
  typeof service &
  typeof system = /* @__PURE__ */ (() => ({
  ...agent,
  ...commandLine,
  ...database,
  ...doctor,
  ...folders,
  ...output,
  ...service,
  ...system,
}))();
