/**
 * What the host lacks for a VM: a VM file comes in, the QEMU that it names is found and asked; what that QEMU can do goes out, and
 * findings.
 */

export { type FoundQemu, findQemu, type Preflight, type PreflightInput, preflight } from './preflight.js';
