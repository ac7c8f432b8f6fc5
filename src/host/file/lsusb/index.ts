/**
 * The text of lsusb -v and lsusb -t: lines come in, and described devices go out; speeds that neither tells are inferred.
 */

export { readLsusb } from './lsusb.js';
