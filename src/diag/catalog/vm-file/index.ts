/** Findings about the text of a VM file, and about edits of it. */

import { drives } from './drives.js';
import { vmFile } from './vm-file.js';
import { vmFileEdits } from './vm-file-edits.js';
import { vmFileValues } from './vm-file-values.js';

// marked as pure: a bundle that words no finding leaves it out
export const vmFileFindings: typeof drives & typeof vmFile & typeof vmFileEdits & typeof vmFileValues =
  /* @__PURE__ */ (() => ({
    ...drives,
    ...vmFile,
    ...vmFileEdits,
    ...vmFileValues,
  }))();
