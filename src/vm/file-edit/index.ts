/**
 * Plans the changes of an attach or a detach to a VM's file. Input: the file's text and the user's selectors. Output: the new text, as
 * splices.
 */

export { planFileAttach } from './add-entries.js';
export type { FileEdit, FileEntry, FileReport } from './file-entries.js';
export { type LeavingWord, planFileDetach } from './remove-entries.js';
