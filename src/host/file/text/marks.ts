import { type TextLine, tail } from '../text-line.js';
import { frontOf, isKnown } from './known-line.js';

/** A mark must occur in this many lines, so that chance does not count as a mark. */
const LEAST_LINES = 2;

/** How many different marks are looked for in a line; the most frequent ones are. */
const MOST_MARKS = 16;

/** How many layers of marks are removed. There are several where several people passed a text on. */
const MOST_LAYERS = 8;

/** The marks of a mail that was quoted once or several times: `>`, `>>`, `> >`. No line of any format begins with these. */
const QUOTED = /^(?:[ \t]*>)+ ?/;

/** The marks before the lines of a file, as `findMarks` found them. */
export interface Marks {
  /** @returns the line without its marks */
  strip(line: TextLine): TextLine;
}

/**
 * Finds the marks before the lines: those of quoted mail, and anything else that comes before text which a grammar knows, such as `| `,
 * `JD> `, `- `, `+`, `12:`, `[  3.141593] ` or `Nov 30 01:26:11 host kernel: `. Lines that a grammar knows show what the marks are, and the
 * same marks are removed from all other lines. The digits in them may differ.
 */
export function findMarks(lines: Iterable<TextLine>): Marks {
  const marks = marksOf(lines);
  return {
    strip: (line) => {
      let bare = line;
      for (let layer = 0; layer < MOST_LAYERS; layer++) {
        const before = bare;
        bare = withoutQuotes(bare);
        bare = tail(bare, markLength(bare.text, marks));
        if (bare === before) break;
      }
      return bare;
    },
  };
}

function withoutQuotes(line: TextLine): TextLine {
  return tail(line, QUOTED.exec(line.text)?.[0].length ?? 0);
}

/** @returns patterns for the marks before known lines */
function marksOf(lines: Iterable<TextLine>): RegExp[] {
  const counts = new Map<string, number>();
  for (const line of lines) {
    const { text } = withoutQuotes(line);
    const mark = frontOf(text);
    // lines of `lsusb -t` contain bars of their own
    if (mark === '' || (/^[|\s]+$/.test(mark) && /^[|\s]+__/.test(text))) continue;
    // a line that was wrapped after it was quoted has only the later marks
    for (const one of new Set([mark, mark.replace(/\s*>[>\s]*$/, '')])) {
      if (one === '') continue;
      const pattern = patternOf(one);
      counts.set(pattern, (counts.get(pattern) ?? 0) + 1);
    }
  }
  return [...counts]
    .filter(([, count]) => count >= LEAST_LINES)
    .sort((a, b) => b[1] - a[1])
    .slice(0, MOST_MARKS)
    .sort((a, b) => b[0].length - a[0].length)
    .map(([pattern]) => new RegExp(pattern));
}

/**
 * A mark is at the beginning of a line, and one blank may follow it. `|` is no mark if it is part of `|__`, and a mark that ends with a
 * number needs a blank after it.
 */
function patternOf(mark: string): string {
  const parts = mark.match(/\d+|\s+|[^\d\s]+/g) ?? [];
  const spelled = parts.map((part) =>
    /^\d/.test(part) ? String.raw`\d+` : /^\s/.test(part) ? String.raw`\s+` : part.replace(/[^\w]/g, String.raw`\$&`),
  );
  return String.raw`^\s*${spelled.join('')}${/\d$/.test(mark) ? String.raw`(?=\s)` : '(?!__)'} ?`;
}

function markLength(text: string, marks: readonly RegExp[]): number {
  if (marks.length === 0 || isKnown(text)) return 0;
  for (const mark of marks) {
    const found = mark.exec(text);
    if (found !== null) return found[0].length;
  }
  return 0;
}
