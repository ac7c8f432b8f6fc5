/**
 * The only code that changes a VM. Input: steps. It claims their devices, writes the steps into the journal, performs and verifies them,
 * and settles the claims, or undoes everything. `recover` ends the transaction of a killed qplug, with the same undo.
 *
 *     claim -> journal -> steps -> verify -> go, write -> commit -> settle
 *                           |        |           |
 *                           +--------+-----------+--> undo (newest first) -> settle -> throw
 */

export { changedVm, LAST_LINES } from './changed-vm.js';
export { recover } from './recover.js';
export { TimeShares } from './shares.js';
export { type BothOperation, type ChangedVm, changeVm, type Launch, type TransactionRequest } from './transaction.js';
export type { Expected } from './verify.js';
