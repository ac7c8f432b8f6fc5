/** Commands that look and wait, and change nothing. */

export { type Check, diagnose } from './doctor.js';
export { type HostQemu, listQemus } from './list-qemus.js';
export { statusOf, type VmStatus } from './status.js';
export { type WaitWish, waitUntil } from './wait.js';
