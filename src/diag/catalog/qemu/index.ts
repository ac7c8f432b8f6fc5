/** Findings about QEMU: its program, the user that it runs as, its arguments and its monitor. */

import { qemuArgs } from './qemu-args.js';
import { qemuProgram } from './qemu-program.js';
import { qemuUser } from './qemu-user.js';
import { qmpConnection } from './qmp-connection.js';
import { qmpMessages } from './qmp-messages.js';
import { share } from './share.js';

// marked as pure: a bundle that words no finding leaves it out
export const qemuFindings: typeof qemuArgs &
  typeof qemuProgram &
  typeof qemuUser &
  typeof qmpConnection &
  typeof qmpMessages &
  typeof share = /* @__PURE__ */ (() => ({
  ...qemuArgs,
  ...qemuProgram,
  ...qemuUser,
  ...qmpConnection,
  ...qmpMessages,
  ...share,
}))();
