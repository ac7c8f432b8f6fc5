/** What the host itself needs of its USB devices, and who has them open. Loaded when it is asked for: `guardsByPort`. */
export { type GuardFacts, readGuardFacts } from './facts.js';
export { guardsOf } from './guards-of.js';
