/** What a text is that should be a record. `newer`: of a later qplug. `torn`: no whole record. */
export type NoRecord = 'newer' | 'torn';

/** A JSON object, of which nothing is known. */
export type Unchecked = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Unchecked {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * @param isWhole - checks every part of a record of format 1: anybody may have written to the file
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
