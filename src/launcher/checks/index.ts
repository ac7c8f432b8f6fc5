/**
 * Checks a VM before its start. Input: a VM file, and the abilities of its QEMU. Output: findings, each with a fix.
 */

export { checkGuest, takenIds } from './check-guest.js';
export { checkModels, modelsOf } from './check-models.js';
