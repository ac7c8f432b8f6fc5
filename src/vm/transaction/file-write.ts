import type { HeldVmFile } from '../../config/index.js';
import type { Operation } from '../operation.js';
import type { WriteStep } from '../steps/index.js';

/** An operation that also changes the VM's file, after all its other steps are verified: both change, or neither. */
export interface BothOperation extends Operation {
  readonly file?: FileWrite | undefined;
}

/** An open VM file, and its change, written to a temporary file beside it. */
export interface FileWrite {
  readonly held: HeldVmFile;
  readonly step: WriteStep;
}
