/**
 * What is wrong with a VM before it starts: a VM file comes in, with what this QEMU can do; findings go out, each with what would mend it.
 */

export { checkGuest, takenIds } from './check-guest.js';
export { checkModels, modelsOf } from './check-models.js';
