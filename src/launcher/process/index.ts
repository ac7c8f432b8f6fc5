/**
 * The QEMU process. Input: a command line, and a user. Output: a process whose sockets listen already, with its log, its end, and a way to
 * find it again.
 */

export { type EndOptions, type EndOutcome, type EndStep, endProcess } from './end-process.js';
export { findStarted } from './find-started.js';
export { closeToOthers } from './hand-over.js';
export { lastLogLines, type ProcessExit, type QemuProcess, type StartInput, startQemu } from './process.js';
export { QemuLog } from './qemu-log.js';
export { environmentOf, type FoundRunAs, findRunAs, mayOpen, type RunAs } from './run-as.js';
