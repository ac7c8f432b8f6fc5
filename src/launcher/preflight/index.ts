/**
 * Checks the host for a VM. Input: a VM file. Finds and asks the QEMU that it names. Output: the abilities of that QEMU, and findings.
 */

export { type FoundQemu, findQemu, type Preflight, type PreflightInput, preflight } from './preflight.js';
