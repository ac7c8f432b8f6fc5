/**
 * Selectors. Input: the text of a selector, from a user or a VM file. Output: the matching devices of an inventory. Also the reverse: the
 * selectors that match a device, now and permanently.
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
export { isBehindPort, isMeantBy, matchHubs, matchSelector } from './match.js';
export { selectOne } from './select.js';
export { isSelector, parseSelector, requireSelector, type Selector, selectorFault } from './selector.js';
