/**
 * The one way in which a VM is changed. In go steps; they are claimed for, written into the journal, done, verified, and settled, or all
 * undone. `recover` ends what a killed qplug left, with the same undo.
 *
 *     claim -> journal -> steps -> verify -> go, write -> commit -> settle
 *                           |        |           |
 *                           +--------+-----------+--> undo (newest first) -> settle -> throw
 */

export { changedVm, LAST_LINES } from './changed-vm.js';
export type { BothOperation } from './file-write.js';
export { recover } from './recover.js';
export { Shares } from './shares.js';
export { type Change, type ChangedVm, changeVm, type Launch } from './transaction.js';
export type { Expected } from './verify.js';
