/** qplug as a service of systemd: its units, and what it tells systemd while it runs. */

export { type RemovedUnit, removeUnits, type WrittenUnit, writeUnits } from './files/index.js';
export { notifyManager, Watchdog } from './manager/index.js';
export { type Manager, type Unit, unitsOf } from './units/index.js';
