/** Recordings of sysfs: the text of umockdev-record or a tar archive comes in, and a reader goes out that answers as sysfs did. */

export { FileTree, sysfsRoot, treeSysfs } from './file-tree.js';
export { isTar, readTar } from './tar.js';
export { withoutFilling } from './tar-filling.js';
export { readUmockdev } from './umockdev.js';
