import { fail, safeJson } from '../../diag/index.js';

/**
 * Every document that qplug prints is written here: what a terminal or another reader could act upon stands as `\u009b`, and reads back
 * as what it was.
 *
 * @param indent - of each level; undefined: all on one line
 * @throws QplugError `document-too-deep`: `JSON.stringify` calls itself for each level, so thousands of levels end its stack
 */
export function jsonText(value: unknown, indent?: number): string {
  try {
    return safeJson(JSON.stringify(value, undefined, indent) ?? 'null');
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw fail('document-too-deep', {}, { cause: error });
  }
}
