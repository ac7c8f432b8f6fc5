/**
 * Finds what would help a device that has no port, or no good one. A request comes in, and the single changes of it that are possible go
 * out, from the cheapest to the dearest. The fix is the cheapest of these that helps when the planner plans again.
 */

export { cheapestFix, type FixSearch, fixSearch } from './find-fixes.js';
export { runs } from './growable-controllers.js';
export { newControllerSpec } from './new-controller.js';
export { CHEAPNESS, possibleChanges } from './possible-changes.js';
export { withFix } from './with-fix.js';
