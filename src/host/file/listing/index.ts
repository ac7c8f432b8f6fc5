/**
 * The text of usb/devices, or of usb-devices: lines come in, and described devices go out. Each line has its grammar, and devices that
 * claim one place are told apart.
 */

export { readListing } from './listing.js';
