import { oneLine } from '../../diag/index.js';

/** What XML 1.0 cannot contain, escaped or not: controls, lone surrogates, U+FFFE and U+FFFF (its production Char). */
const NO_XML =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: naming control characters is what this rule is for
  /[\u0000-\u001f\u007f-\u009f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * @returns a text ready for an element or a quoted attribute. What XML cannot contain becomes U+FFFD. Characters that change the direction
 *   of a text, or are invisible, are escaped as everywhere else
 */
export function escapeXml(text: string): string {
  return oneLine(text.replace(NO_XML, '\ufffd')).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
