import type { FileFindings, TextLine } from './file-findings.js';

/** No line of any of the formats is longer; a device's strings end at 126 characters. */
const LONGEST = 1024;

/** @returns the lines of a text, with LF or CRLF; what is too long is cut, with a finding */
export function* textLines(text: string, findings: FileFindings): Generator<TextLine, void> {
  let number = 0;
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    const line = text.slice(start, text[end - 1] === '\r' && end > start ? end - 1 : end);
    start = end + 1;
    number++;
    if (line.length > LONGEST) {
      findings.line('too-long', { number, text: line.slice(0, LONGEST) }, { told: LONGEST, column: LONGEST + 1 });
      yield { number, text: line.slice(0, LONGEST) };
    } else yield { number, text: line };
  }
}
