/**
 * The USB tree of a running QEMU. Input: a function that asks QEMU; output: the topology with what could not be read. Each answer is checked,
 * because a QEMU may be hostile or of a release that nobody knows yet.
 */

export { type NamedDevices, observeNamed } from './named-devices.js';
export { observeTopology } from './observe.js';
export { readPciPaths } from './pci-path.js';
export { alongside, okOf, type QueryCommand, type QueryReply, type Reading } from './query.js';
