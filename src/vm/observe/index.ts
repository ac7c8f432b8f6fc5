/**
 * What a VM is now. In goes an open monitor; out come its USB tree, the state of each device in it, its disks with their snapshots, and what
 * is left of devices that are gone. Nothing is changed.
 */

export { type DeviceState, stateOf } from './device-state.js';
export { type Disk, type DiskSnapshot, readDisks, STATE_FORMAT, stateDisk, writableDisks } from './disks.js';
export { halfLoadedFinding, markHalfLoaded, refuseHalfLoaded, unmarkHalfLoaded } from './half-loaded.js';
export { leftoversOf } from './leftovers.js';
export { type PlacedTopology, readPlacedTopology, treeOf } from './placed-topology.js';
export { readTopology, readTopologyAndModels } from './read-topology.js';
