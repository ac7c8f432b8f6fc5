/**
 * Removes what separates a listing from its reader: encoding, marks, prompts, broken lines. Bytes come in, and plain lines go out, each
 * with its place in the file.
 */

export { decodeText } from './encoding.js';
export { PlainText } from './plain-text.js';
