/** The units of systemd as texts. Input: the program that they start, and which systemd runs them; output: their names and texts. */

export { type Manager, UNIT_MARK, type Unit, unitsOf } from './unit-texts.js';
