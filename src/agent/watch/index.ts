/**
 * Reasons to look again. Input: folders of this host, and the kernel's events; output: calls without content whenever something changed.
 */

export { FolderWatch } from './folder-watch.js';
export { FolderWatches } from './folder-watches.js';
export { UeventWatch } from './uevent-watch.js';
