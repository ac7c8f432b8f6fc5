import type { UsbIds } from './usb-ids.js';

/** @returns `0781:5567`, as lsusb and our selectors write it */
export function formatId(vendorId: number, productId: number): string {
  return `${vendorId.toString(16).padStart(4, '0')}:${productId.toString(16).padStart(4, '0')}`;
}

/** How a device describes itself. */
export interface DeviceStrings {
  readonly vendorId: number;
  readonly productId: number;
  readonly manufacturer: string | undefined;
  readonly product: string | undefined;
}

/**
 * The name of a device: its own strings first, the words of usb.ids for strings that it lacks, and its ids if nothing has a name. The
 * result is raw, since a device may contain any text.
 */
export function deviceName(device: DeviceStrings, ids: UsbIds): string {
  const { vendorId, productId } = device;
  const manufacturer = words(device.manufacturer) ?? ids.vendor(vendorId);
  const product = words(device.product) ?? ids.product(vendorId, productId);
  if (product === undefined) return `${manufacturer ?? 'USB device'} ${formatId(vendorId, productId)}`;
  if (manufacturer === undefined || product.toLowerCase().startsWith(manufacturer.toLowerCase())) return product;
  return `${manufacturer} ${product}`;
}

function words(text: string | undefined): string | undefined {
  const trimmed = text?.trim();
  return trimmed === '' ? undefined : trimmed;
}
