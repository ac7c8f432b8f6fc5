/**
 * Standing wishes: which VM is to have which device. Input: VM files and assignments; output: one form for both, and the order in which
 * wishes for the same device win.
 */

export { isAllowedChange, parseAlsoRule } from './also-rule.js';
export { assignedWishes } from './assigned-wishes.js';
export { compareWishes } from './precedence.js';
export { DEFAULT_HOLD, type StandingWish } from './standing-wish.js';
