/** Why a text is not a usable record. `newer`: a later release wrote it. `torn`: it is incomplete. */
export type NoRecord = 'newer' | 'torn';

/** A JSON object with unchecked contents. */
export type Unchecked = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Unchecked {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * @param isWhole - checks every part of a record of format 1: any program may have written to the file
 * @returns the record in a JSON text
 */
export function parseRecord<T extends object>(text: string, isWhole: (value: Unchecked) => boolean): T | NoRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'torn';
  }
  if (!isObject(value)) return 'torn';
  const { format } = value;
  if (typeof format === 'number' && format > 1) return 'newer';
  return format === 1 && isWhole(value) ? (value as T) : 'torn';
}
