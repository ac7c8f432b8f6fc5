import { verbatim } from './printable.js';

/** @returns text as a quoted scalar of YAML, on one line and safe to print */
export function yamlText(text: string): string {
  if (verbatim(text) !== undefined) return `'${text.replaceAll("'", "''")}'`;
  return JSON.stringify(text).replace(/[^ -~]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
