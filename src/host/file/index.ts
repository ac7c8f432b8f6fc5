/**
 * A host described by a file. One of eight kinds of text, document or archive comes in, and the same inventory goes out as from sysfs, with
 * findings for what the file does not contain.
 */

export { decodeHostFile } from './decode-host-file.js';
export { type HostFileOptions, readHostFile } from './read-host-file.js';
