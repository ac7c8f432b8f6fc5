/**
 * The rules of a share, in which many clients use one QMP connection: input: what clients and QEMU send, as messages; output: effects, which
 * `src/qmp/serve` carries out. Nothing here waits, and nothing knows a socket or the time.
 */

export { type ClientFrame, CommandSplitter } from './command-splitter.js';
export { type ClientId, type DropReason, type ShareEffect, ShareHub } from './hub.js';
export { SHARE_LIMITS, type ShareLimits } from './limits.js';
