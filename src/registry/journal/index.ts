/**
 * The changes that are under way: a file for each, with its steps and their undo. In: steps as data; out: what a killed process left.
 */

export { Journal, JournalEntry, type Watch } from './journal.js';
export type { JournalHead, Mark, StepMark } from './journal-record.js';
