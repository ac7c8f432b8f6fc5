/** Findings of the planner: machines, ports, and places for devices. */

import { emulatedDevices } from './emulated-devices.js';
import { machine } from './machine.js';
import { places } from './places.js';
import { ports } from './ports.js';

// marked as pure: a bundle that words no finding leaves it out
export const placingFindings: typeof emulatedDevices & typeof machine & typeof places & typeof ports =
  /* @__PURE__ */ (() => ({
    ...emulatedDevices,
    ...machine,
    ...places,
    ...ports,
  }))();
