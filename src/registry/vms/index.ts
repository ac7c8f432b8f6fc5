/** The VMs that qplug started, and the shares of monitors: a record each, as long as its process lives. */

export { type ShareRecord, ShareStore } from './share-store.js';
export { isIdentity, type VmRecord } from './vm-record.js';
export { lives, VmRegistry } from './vm-registry.js';
