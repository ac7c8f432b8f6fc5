/**
 * Reads a VM. Input: an open monitor. Output: its USB tree, the state of each device in it, its disks with their snapshots, and leftover
 * objects of devices that are gone. Nothing here changes a VM.
 */

export { type DeviceState, stateOf } from './device-state.js';
export { type Disk, type DiskSnapshot, readDisks, STATE_FORMAT, stateDisk, writableDisks } from './disks.js';
export { halfLoadedFinding, markHalfLoaded, refuseHalfLoaded, unmarkHalfLoaded } from './half-loaded-guest.js';
export { isUnchanged, type KnownTree, readKnownTree } from './known-tree.js';
export { leftoversOf } from './leftovers.js';
export { type PlacedTopology, readPlacedTopology, treeOf } from './placed-topology.js';
export { type DevicesByBus, readNamed, readTopology, readTopologyAndModels } from './read-topology.js';
