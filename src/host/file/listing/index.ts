/**
 * The text of usb/devices, or of usb-devices: lines come in, and described devices go out. Each kind of line has its grammar. Devices that
 * claim the same place are separated.
 */

export { readListing } from './listing.js';
