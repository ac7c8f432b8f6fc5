/** The text of lsusb -v and lsusb -t: lines come in, and described devices go out. Where neither shows a speed, it is inferred. */

export { readLsusb } from './lsusb.js';
