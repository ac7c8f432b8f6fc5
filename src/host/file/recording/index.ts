/**
 * Recordings of sysfs: the text of umockdev-record or a tar archive comes in, and a reader that answers as sysfs did goes out.
 */

export { FileTree, sysfsRoot, treeSysfs } from './file-tree.js';
export { isTar, readTar } from './tar.js';
export { withoutFilling } from './tar-filling.js';
export { readUmockdev } from './umockdev.js';
