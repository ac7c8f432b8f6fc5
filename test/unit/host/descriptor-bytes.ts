/** Hand-made descriptors, field by field as in USB 3.2, 9.6. */
const low = (value: number): number => value & 0xff;
const high = (value: number): number => (value >> 8) & 0xff;

export function device(configurations: number, deviceClass = 0): number[] {
  return [18, 1, 0x20, 0x03, deviceClass, 0, 0, 9, 0x81, 0x07, 0x81, 0x55, 0, 1, 1, 2, 3, configurations];
}

export interface Setting {
  number: number;
  alternate?: number;
  codes?: [number, number, number];
  /** Whole descriptors that follow the interface descriptor: endpoints, companions, class-specific ones. */
  parts?: number[][];
}

export function endpoint(address: number, attributes: number, maxPacketSize: number, extra: number[] = []): number[] {
  return [7 + extra.length, 5, address, attributes, low(maxPacketSize), high(maxPacketSize), 1, ...extra];
}

export function companion(maxBurst: number, attributes: number, bytesPerInterval: number): number[] {
  return [6, 0x30, maxBurst, attributes, low(bytesPerInterval), high(bytesPerInterval)];
}

export function isoCompanion(bytesPerInterval: number): number[] {
  const upper = Math.floor(bytesPerInterval / 0x10000);
  return [8, 0x31, 0, 0, low(bytesPerInterval), high(bytesPerInterval), low(upper), high(upper)];
}

export function setting({ number, alternate = 0, codes = [0xff, 0, 0], parts = [] }: Setting): number[] {
  const endpoints = parts.filter((part) => part[1] === 5).length;
  return [9, 4, number, alternate, endpoints, ...codes, 0, ...parts.flat()];
}

export function configuration(
  value: number,
  settings: Setting[],
  told: { length?: number; count?: number } = {},
): number[] {
  const body = settings.flatMap(setting);
  const length = told.length ?? 9 + body.length;
  const count = told.count ?? new Set(settings.map((one) => one.number)).size;
  return [9, 2, low(length), high(length), count, value, 0, 0x80, 50, ...body];
}
