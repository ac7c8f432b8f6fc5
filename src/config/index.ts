/**
 * Reads and checks the VM file and the host's policy, fills in defaults, and changes the VM file in place. Selectors stay text;
 * `VmFileChecks` lets other layers check them.
 */
export type { DevicesChange, EditedVmFile } from './edit/edit.js';
export type { NewEntry } from './edit/entry-text.js';
export { type FileChange, type HeldVmFile, holdVmFile, performFileChange, undoFileChange } from './edit/file-change.js';
export { decodeVmFile, editVmFile, loadVmFile, parseVmFile, readVmFileBytes } from './load.js';
export type { VmFileChecks } from './parse.js';
export { loadPolicy, POLICY_FILE } from './policy/load-policy.js';
export type { Policy, PolicyRule } from './policy/policy.js';
export type * from './vm-file.js';
