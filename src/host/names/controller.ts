/** The name of an unknown host controller; no selector matches it. */
export const UNKNOWN_CONTROLLER = 'unknown';

const PCI_ADDRESS = /^[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/;

/**
 * The host controller in the link of a root hub or of any device below it, for example `../../../devices/pci0000:00/0000:00:14.0/usb1/1-2`.
 *
 * @returns the nearest PCI address above the root hub (a controller may be a platform device inside a PCI one, as dwc3 is); without PCI,
 *   the platform device's name (`dummy_hcd.0`, `xhci-hcd.0.auto`); undefined when the link contains neither
 */
export function controllerOf(link: string): string | undefined {
  const parts = link.split('/');
  const root = parts.findIndex((part) => /^usb\d+$/.test(part));
  const above = parts.slice(0, Math.max(root, 0));
  const parent = above.at(-1);
  return above.findLast(isPciAddress) ?? (parent === undefined || parent === '..' ? undefined : parent);
}

/** @returns whether a text is `DOMAIN:BUS:SLOT.FUNCTION` in lower case, as sysfs writes it */
export function isPciAddress(text: string): boolean {
  return PCI_ADDRESS.test(text);
}
