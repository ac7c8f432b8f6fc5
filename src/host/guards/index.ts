/**
 * Why the host needs a device. Input: the files of /proc and /sys. Output: guards by the device's port. Loads its readers on demand.
 */

export { type GuardsByPort, guardsByPort } from './guards-by-port.js';
export type { HostFiles } from './host-files.js';
export { realHostFiles } from './real-host-files.js';
