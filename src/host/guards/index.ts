/**
 * Why the host needs a device: what stands in /proc and /sys comes in, and guards by the device's port go out. What reads them is loaded
 * when it is asked for.
 */

export { type GuardsByPort, guardsByPort } from './guards-by-port.js';
export type { HostFiles } from './host-files.js';
export { realHostFiles } from './real-host-files.js';
