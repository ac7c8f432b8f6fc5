/**
 * The agent's decisions, as pure functions. Input: a sight of the host and its VMs, and the attempts so far; output: the work to do next, and
 * an account of every device that a VM has or is to have.
 */

export { type Attempts, attemptKey, FLAPPING_TIME, pauseAfter, type Tried, withoutOld, withTry } from './attempts.js';
export type { Condition, DeviceAccount } from './condition.js';
export { type AttachWork, addressOf, type Decision, decide, type FreeWork, type Work } from './decide.js';
export { identityOf, type Sight, seenKey, twinsAmong, type VmSight } from './sight.js';
