/** Addresses as lists of bytes in network order: 4 for IPv4, 16 for IPv6. */
export type Address = readonly number[];

/** The kernel prints 32-bit words as numbers in this machine's byte order. */
const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** @returns the address for 8 or 32 hexadecimal digits of /proc/net/route, tcp or tcp6; undefined when they are no address */
export function tableAddress(digits: string, littleEndian: boolean = LITTLE_ENDIAN): Address | undefined {
  if (!/^([0-9a-f]{8}|[0-9a-f]{32})$/i.test(digits)) return undefined;
  const words = digits.match(/.{8}/g) ?? [];
  return words.flatMap((word) => {
    const bytes = [0, 2, 4, 6].map((at) => Number.parseInt(word.slice(at, at + 2), 16));
    return littleEndian ? bytes.reverse() : bytes;
  });
}

/** @returns the IPv4 address in `::ffff:192.0.2.7`, the form in which IPv6 sockets see it */
export function mappedV4(address: Address): Address | undefined {
  const isMapped = address.length === 16 && address.slice(0, 12).join() === '0,0,0,0,0,0,0,0,0,0,255,255';
  return isMapped ? address.slice(12) : undefined;
}

/** @returns whether the first `length` bits of both are the same */
export function sameBits(a: Address, b: Address, length: number): boolean {
  if (a.length !== b.length) return false;
  for (let bit = 0; bit < length; bit += 8) {
    const mask = 0xff00 >> Math.min(8, length - bit);
    if ((((a[bit / 8] ?? 0) ^ (b[bit / 8] ?? 0)) & mask & 0xff) !== 0) return false;
  }
  return true;
}

/** @returns `192.0.2.7`, or `2001:db8::7` as RFC 5952 writes it */
export function addressWords(address: Address): string {
  if (address.length === 4) return address.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((address[2 * i] ?? 0) << 8) | (address[2 * i + 1] ?? 0));
  const text = groups.map((group) => group.toString(16)).join(':');
  const [longest] = [...text.matchAll(/(?<![^:])0(?::0)+(?![^:])/g)]
    .map(([run]) => run)
    .sort((x, y) => y.length - x.length);
  return longest === undefined ? text : text.replace(new RegExp(`(^|:)${longest}(:|$)`), '::');
}
