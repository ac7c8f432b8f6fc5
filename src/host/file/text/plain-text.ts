import type { FileFindings } from '../file-findings.js';
import type { TextLine } from '../text-line.js';
import { findMarks } from './marks.js';
import { physicalLines } from './physical-lines.js';
import { hasPlainBlanks, withoutTabs, withoutTraces } from './terminal-traces.js';
import { unwrapped } from './unwrap.js';
import { withoutTags, withoutWrappings } from './wrappings.js';

/** The longest line of a listing is shorter; the strings of a device have at most 126 characters. */
const LONGEST = 1024;

/** The longest line of bytes in hexadecimal: the longest `descriptors` has 18 + 65535 bytes. */
const LONGEST_HEX = 2 * 66_560;

/**
 * The lines of a text as a program wrote them, whoever passed it on. Mail quotes, stuffs and wraps lines, terminals add colours, forums add
 * marks and tags, editors turn blanks into tabs, and systems have their own line ends. All grammars read these lines, so no grammar has to
 * handle any of this. Each character has its place in the file.
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

  /**
   * The lines; each call makes them again, because a text may have millions. A line that is too long is cut.
   *
   * @param findings - receive a finding for each cut line
   */
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
      // a tag may come before or after the marks of a quoted mail
      yield withoutTags(withoutTraces(cut(line, LONGEST_HEX + 4), this.#plainBlanks));
    }
  }
}

function cut(line: TextLine, longest: number): TextLine {
  return line.text.length <= longest ? line : { ...line, text: line.text.slice(0, longest) };
}
