/**
 * One look at everything that decides who is to have which device. Input: this host, its records and VM files; output: a sight for
 * `src/agent/decide`, and the way to each VM.
 */

export { type Looked, Lookout } from './look.js';
