/**
 * Which device is meant: the words that people type, and what a VM file says, come in; the devices of an inventory that they match go out.
 * The other way too: the selectors that match a device, now and for good.
 */

export {
  type DeviceIdentity,
  formatController,
  formatIdentity,
  formatLocation,
  identityOf,
  lastingSelector,
  sameIdentity,
  shortestSelector,
} from './identity.js';
export { isBehindPort, isMeantBy, matchSelector } from './match.js';
export { selectOne } from './select.js';
export { isSelector, parseSelector, requireSelector, type Selector } from './selector.js';
export { selectorFault } from './selector-fault.js';
