/**
 * The shares that the agent keeps. Input: which share each VM is to have, and which QEMU sockets are there; output: sockets that serve these
 * VMs, and an account of each share. A pure function decides what to start and what to end.
 */

export type { ShareAccount, ShareCondition } from './share-account.js';
export { ShareKeeper } from './share-keeper.js';
export { type WishedShare, wishedShares } from './wished-share.js';
