/** The files of units. Input: a folder, and units; output: what was written or removed, or why qplug leaves the folder as it is. */

export { type RemovedUnit, removeUnits, type WrittenUnit, writeUnits } from './unit-files.js';
