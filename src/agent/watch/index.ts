/** Reasons to look again. Input: folders of this host; output: calls without content whenever something changed in them. */

export { FolderWatch } from './folder-watch.js';
export { FolderWatches } from './folder-watches.js';
