import type { EditedVmFile } from '../config/index.js';
import type { Finding } from '../diag/index.js';
import type { FileEntry } from './file-entries.js';

/** What is to be done to a VM's file, before anything is done. */
export interface FileEdit {
  /** Undefined where the file is as it has to be. */
  readonly splices: EditedVmFile['splices'] | undefined;
  readonly entries: readonly FileEntry[];
  readonly findings: readonly Finding[];
}
