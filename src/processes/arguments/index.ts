/**
 * The meaning of a QEMU command line, as far as it matters for finding the VM: its words come in, with a function that reads the files which
 * they name; name, machine and monitors go out. The words are another process's: nothing here trusts them, or does I/O.
 */

export { type Arguments, readArguments } from './read-arguments.js';
export { splitWords, type WordOption } from './split-words.js';
