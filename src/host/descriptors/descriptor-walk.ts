import type { DescriptorFaults } from './descriptor-faults.js';
import { CONFIGURATION, LEAST_LENGTH, type RawDescriptor, u16 } from './descriptor-types.js';

/**
 * The descriptors from `start` to `end`, each by its own length. Every step advances by at least two bytes, so the walk ends whatever the
 * bytes are. An impossible length (0, 1, or past the end) ends the walk with a finding. A descriptor that is too short for its type is left
 * out with a finding.
 */
export function* walk(
  bytes: Uint8Array,
  start: number,
  end: number,
  faults: DescriptorFaults,
): Generator<RawDescriptor, void> {
  for (let offset = start; offset < end; ) {
    const length = bytes[offset] ?? 0;
    if (length < 2) return faults.add('length-below-two', offset, length);
    if (offset + length > end) return faults.add('past-the-end', offset, length, end - offset);
    const type = bytes[offset + 1] ?? 0;
    if (length < (LEAST_LENGTH[type] ?? 0)) faults.add('too-short-for-its-type', offset, length, type);
    else yield { type, length, offset };
    offset += length;
  }
}

/** The bytes of one configuration in the file. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

/**
 * Finds the configurations after the device descriptor. `wTotalLength` counts if it leads to the next configuration or to the end of the
 * file, as it does in the kernel's files. If it is wrong, the next configuration descriptor on the way counts.
 */
export function configurationExtents(bytes: Uint8Array, start: number, faults: DescriptorFaults): Extent[] {
  const extents: Extent[] = [];
  for (let offset = start; offset < bytes.length; ) {
    if (!isConfiguration(bytes, offset)) {
      faults.add('not-a-configuration', offset, undefined, bytes[offset + 1]);
      const next = nextConfiguration(bytes, offset);
      if (next === undefined) break;
      offset = next;
      continue;
    }
    const told = u16(bytes, offset + 2);
    const end = offset + told;
    if (told >= 9 && (end === bytes.length || isConfiguration(bytes, end))) {
      extents.push({ start: offset, end });
      offset = end;
      continue;
    }
    const actual = nextConfiguration(bytes, offset) ?? bytes.length;
    faults.add('total-length', offset, told, actual - offset);
    extents.push({ start: offset, end: actual });
    offset = actual;
  }
  return extents;
}

function isConfiguration(bytes: Uint8Array, offset: number): boolean {
  const length = bytes[offset] ?? 0;
  return length >= 9 && bytes[offset + 1] === CONFIGURATION && offset + length <= bytes.length;
}

/** @returns where the next configuration begins after the descriptor at `offset`; undefined when the lengths lead nowhere */
function nextConfiguration(bytes: Uint8Array, offset: number): number | undefined {
  for (let at = offset; at < bytes.length; ) {
    const length = bytes[at] ?? 0;
    if (length < 2) return undefined;
    at += length;
    if (isConfiguration(bytes, at)) return at;
  }
  return undefined;
}
