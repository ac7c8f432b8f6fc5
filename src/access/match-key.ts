import { type HostInventory, isSelector, matchSelector, parseSelector } from '../host/index.js';
import type { ClaimKey } from '../registry/index.js';
import { keyed } from './claims.js';

/**
 * Compares a selector with a device of which only the key may be known, because it is not plugged in. Such a device is matched by its ids, its
 * serial number and its connector, but not by its class or the words of its name.
 *
 * @param selector - its text; text that is no selector matches nothing
 */
export function matchesKey(selector: string, key: ClaimKey, inventory: HostInventory): boolean {
  const parsed = parseSelector(selector);
  if (!isSelector(parsed)) return false;
  const device = keyed(key, inventory);
  if (device !== undefined) return matchSelector(parsed, inventory).some(({ port }) => port === device.port);
  const serial = key.serial.trim();
  switch (parsed.by) {
    case 'serial':
      return parsed.serial === serial;
    case 'id':
      return isId(parsed, key) && (parsed.serial === undefined || parsed.serial === serial);
    case 'port':
      return key.connector.endsWith(`/${parsed.bus}-${parsed.chain.join('.')}`);
    case 'location':
      return key.connector.startsWith(`${parsed.controller}/`) && key.connector.endsWith(`-${parsed.chain.join('.')}`);
    default:
      return false;
  }
}

const isId = (one: Pick<ClaimKey, 'vendorId' | 'productId'>, other: ClaimKey): boolean =>
  one.vendorId === other.vendorId && one.productId === other.productId;
