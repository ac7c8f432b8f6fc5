/** The VM file: read, checked, its defaults filled in. Selectors stay text; `VmFileChecks` lets other layers check them. */
export { loadVmFile, parseVmFile } from './load.js';
export type { VmFileChecks } from './parse.js';
export type * from './vm-file.js';
