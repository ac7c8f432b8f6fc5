import { parse } from 'yaml';

/** A device to write into a VM file. */
export type NewEntry = (
  | { readonly select: string; readonly emulated?: undefined }
  | { readonly emulated: string; readonly select?: undefined }
) & {
  readonly controller?: string | undefined;
  readonly port?: string | undefined;
  readonly slower?: 'refuse' | 'allow' | undefined;
};

/** YAML, or the part of it that is JSON. */
export type Notation = 'yaml' | 'json';

/** @returns a device as a value in a VM file, in its shortest form */
export function entryValue({ select, emulated, controller, port, slower }: NewEntry): string | Record<string, string> {
  const terms = [
    ['controller', controller],
    ['port', port],
    ['slower', slower],
  ].filter((term): term is [string, string] => term[1] !== undefined);
  if (emulated !== undefined) return { emulated, ...Object.fromEntries(terms) };
  return terms.length === 0 ? select : { select, ...Object.fromEntries(terms) };
}

/** @returns the same as text, on one line */
export function entryText(device: NewEntry, notation: Notation): string {
  const value = entryValue(device);
  if (typeof value === 'string') return scalarText(value, notation);
  const pairs = Object.entries(value).map(([key, one]) => {
    const written = key === 'port' && isNumber(one) ? one : scalarText(one, notation);
    return notation === 'json' ? `"${key}": ${written}` : `${key}: ${written}`;
  });
  return notation === 'json' ? `{${pairs.join(', ')}}` : `{ ${pairs.join(', ')} }`;
}

/** A port that both notations may write as a number; its text matters, so `2.10` stays `2.10`. */
const isNumber = (port: string): boolean => /^[1-9]\d*(\.\d+)?$/.test(port);

/** @returns a text as a scalar: without quotes if YAML then reads the same text, also within brackets */
function scalarText(text: string, notation: Notation): string {
  if (notation === 'json') return JSON.stringify(text);
  if (/^[A-Za-z0-9][A-Za-z0-9._:/=+ -]*$/.test(text) && readsAs(text, text)) return text;
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return /^[\x20-\x7e]*$/.test(text) && readsAs(quoted, text) ? quoted : JSON.stringify(text);
}

function readsAs(written: string, text: string): boolean {
  try {
    const read: unknown = parse(`{ a: [${written}] }`);
    return JSON.stringify(read) === JSON.stringify({ a: [text] });
  } catch {
    return false;
  }
}
