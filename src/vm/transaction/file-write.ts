import type { HeldVmFile } from '../../config/index.js';
import type { Operation } from '../operation.js';
import type { WriteStep } from '../steps/index.js';
/** An operation that changes the VM's file as well, when all else of it is done and verified: both, or neither. */
export interface BothOperation extends Operation {
  readonly file?: FileWrite | undefined;
}

/** A VM's file in hand, and its change, which is written beside it. */
export interface FileWrite {
  readonly held: HeldVmFile;
  readonly step: WriteStep;
}
