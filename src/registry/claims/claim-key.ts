import type { SqlValue } from '../sqlite/index.js';
import type { DatabaseRow } from '../store.js';
import type { ClaimKey } from './claim.js';

/** @returns the values of the columns `connector`, `vendor_id`, `product_id` and `serial` */
export function keyValues({ connector, vendorId, productId, serial }: ClaimKey): SqlValue[] {
  return [connector, vendorId, productId, serial];
}

/** @returns the device in these columns */
export function keyOf(row: DatabaseRow): ClaimKey {
  const text = (column: string): string => row[column] ?? '';
  return {
    connector: text('connector'),
    vendorId: Number(text('vendor_id')),
    productId: Number(text('product_id')),
    serial: text('serial'),
  };
}
