import { type KnownTree, readKnownTree } from '../observe/index.js';
import type { OpenVm } from '../target/index.js';
import { GROWTH_MODELS } from './growth.js';
import { HOST_DEVICE_MODEL } from './needed-models.js';

/** Reads a VM's tree for a later attach of a host device: see `ReadBefore.tree`. @throws as `readKnownTree` */
export function readTreeForAttach(vm: OpenVm, signal: AbortSignal): Promise<KnownTree> {
  return readKnownTree(vm.qmp, [HOST_DEVICE_MODEL, ...GROWTH_MODELS], signal);
}
