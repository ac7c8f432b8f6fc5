/**
 * What an attach or a detach changes in a VM's file. In goes the file's text and what a person names; out comes the new text, as splices.
 */

export { planFileAttach } from './add-entries.js';
export type { FileEdit, FileEntry, FileReport } from './file-entries.js';
export { type LeavingWord, planFileDetach } from './remove-entries.js';
