/**
 * A host that is a file: one of eight kinds of text, document or archive comes in, and the same inventory goes out as sysfs gives, with
 * findings for what the file does not tell.
 */

export { decodeHostFile } from './decode-host-file.js';
export { type HostFileOptions, readHostFile } from './read-host-file.js';
