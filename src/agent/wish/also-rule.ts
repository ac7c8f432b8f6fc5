import type { HostDevice } from '../../host/index.js';

/** An id or a class to which a device may change: `0483:df11`, `2e8a:*`, `class=fe`, `class=fe0102`. */
export type AlsoRule =
  | { readonly vendorId: number; readonly productId: number | undefined }
  | { readonly class: number; readonly subclass: number | undefined; readonly protocol: number | undefined };

/** @returns the rule in a text, or undefined if it is none */
export function parseAlsoRule(text: string): AlsoRule | undefined {
  const id = /^([0-9a-f]{4}):([0-9a-f]{4}|\*)$/i.exec(text);
  if (id !== null) {
    const [, vendor = '', product = ''] = id;
    return {
      vendorId: Number.parseInt(vendor, 16),
      productId: product === '*' ? undefined : Number.parseInt(product, 16),
    };
  }
  const digits = /^class=((?:[0-9a-f]{2}){1,3})$/i.exec(text)?.[1];
  if (digits === undefined) return undefined;
  const [first = 0, subclass, protocol] = [0, 2, 4]
    .map((at) => digits.slice(at, at + 2))
    .map((pair) => (pair === '' ? undefined : Number.parseInt(pair, 16)));
  return { class: first, subclass, protocol };
}

/** @returns whether a device matches one of the rules; any device matches an empty list */
export function isAllowedChange(device: HostDevice, rules: readonly string[]): boolean {
  return rules.length === 0 || rules.some((text) => matchesRule(device, parseAlsoRule(text)));
}

function matchesRule(device: HostDevice, rule: AlsoRule | undefined): boolean {
  if (rule === undefined) return false;
  if ('vendorId' in rule) {
    return device.vendorId === rule.vendorId && (rule.productId ?? device.productId) === device.productId;
  }
  if (rule.subclass === undefined && device.class === rule.class) return true;
  return device.configurations.some(({ interfaces }) =>
    interfaces.some(({ altSettings }) =>
      altSettings.some(
        (alt) =>
          alt.class === rule.class &&
          (rule.subclass ?? alt.subclass) === alt.subclass &&
          (rule.protocol ?? alt.protocol) === alt.protocol,
      ),
    ),
  );
}
