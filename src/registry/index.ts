/** What is known on this host of the VMs that qplug launched. */
export type { PlaceRecord, RememberedController, RememberedDevice } from './place-record.js';
export { PlaceStore } from './place-store.js';
export type { VmRecord } from './vm-record.js';
export { lives, VmRegistry } from './vm-registry.js';
