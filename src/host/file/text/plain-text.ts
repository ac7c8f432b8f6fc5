import type { FileFindings } from '../file-findings.js';
import type { TextLine } from '../text-line.js';
import { findMarks } from './marks.js';
import { physicalLines } from './physical-lines.js';
import { hasPlainBlanks, withoutTabs, withoutTraces } from './terminal-traces.js';
import { unwrapped } from './unwrap.js';
import { withoutTags, withoutWrappings } from './wrappings.js';

/** No line of a listing is longer; a device's strings end at 126 characters. */
const LONGEST = 1024;

/** Bytes in hexadecimal: `descriptors` ends at 18 + 65535. */
const LONGEST_HEX = 2 * 66_560;

/**
 * The lines of a text as a program wrote them, whoever handed it on: mail quotes, stuffs and wraps, terminals colour, forums put marks in
 * front and tags around, editors make tabs of blanks, systems have their own ends of lines. All grammars read these lines, and none looks
 * after such things itself. Each character knows where it stands in the file.
 */
export class PlainText {
  readonly #text: string;
  readonly #plainBlanks: boolean;
  readonly #strip: (line: TextLine) => TextLine;

  constructor(text: string) {
    this.#text = text;
    this.#plainBlanks = hasPlainBlanks(text);
    const marks = findMarks(this.#visible());
    this.#strip = (line) => withoutTabs(withoutWrappings(marks.strip(line)));
  }

  /** The lines, made anew at each call: a text may have millions. What is too long is cut. @param findings - where that is told */
  *lines(findings?: FileFindings): Generator<TextLine, void> {
    for (const line of unwrapped(this.#stripped())) {
      const short = cut(line, /^\s*[HN]: /.test(line.text) ? LONGEST_HEX : LONGEST);
      const { length } = short.text;
      if (short !== line) findings?.line('too-long', short, { told: length, column: length + 1 });
      yield short;
    }
  }

  *#stripped(): Generator<TextLine, void> {
    for (const line of this.#visible()) yield this.#strip(line);
  }

  *#visible(): Generator<TextLine, void> {
    for (const line of physicalLines(this.#text)) {
      // a tag may stand before the marks of a quoted mail, or behind them
      yield withoutTags(withoutTraces(cut(line, LONGEST_HEX + 4), this.#plainBlanks));
    }
  }
}

function cut(line: TextLine, longest: number): TextLine {
  return line.text.length <= longest ? line : { ...line, text: line.text.slice(0, longest) };
}
