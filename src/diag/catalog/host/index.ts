/** Findings about host devices, selectors and host files: what the host has, what was asked for, and who may have it. */

import { hostDevices } from './host-devices.js';
import { hostFile } from './host-file.js';
import { hostFileGaps } from './host-file-gaps.js';
import { permission } from './permission.js';
import { selectors } from './selectors.js';

// marked as pure: a bundle that words no finding leaves it out
export const hostFindings: typeof hostDevices &
  typeof hostFile &
  typeof hostFileGaps &
  typeof permission &
  typeof selectors = /* @__PURE__ */ (() => ({
  ...hostDevices,
  ...hostFile,
  ...hostFileGaps,
  ...permission,
  ...selectors,
}))();
