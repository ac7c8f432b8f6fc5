import { type TextLine, tail } from '../text-line.js';
import { frontOf, isKnown } from './known-line.js';

/** Marks that begin no line of ours are told from chance by this many lines that have them. */
const LEAST_LINES = 2;

/** As many different marks are looked for in a line, the most frequent ones. */
const MOST_MARKS = 16;

/** Marks stand in front of marks, where several people handed a text on. */
const MOST_LAYERS = 8;

/** One mail or several quote it: `>`, `>>`, `> >`. No line of any format begins so. */
const QUOTED = /^(?:[ \t]*>)+ ?/;

/** What stands in front of the lines of a file, as `findMarks` found it. */
export interface Marks {
  /** @returns the line without it */
  strip(line: TextLine): TextLine;
}

/**
 * Finds what stands in front of the lines: the marks of quoted mail, and whatever else the lines of a file have in front of what a
 * grammar knows, such as `| `, `JD> `, `- `, `+`, `12:`, `[  3.141593] ` or `Nov 30 01:26:11 host kernel: `. What that is shows in lines
 * that are known; from others it is taken as well. Digits in it may differ.
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

/** @returns patterns of what stands in front of known lines */
function marksOf(lines: Iterable<TextLine>): RegExp[] {
  const counts = new Map<string, number>();
  for (const line of lines) {
    const { text } = withoutQuotes(line);
    const mark = frontOf(text);
    // the lines of `lsusb -t` are drawn with bars of their own
    if (mark === '' || (/^[|\s]+$/.test(mark) && /^[|\s]+__/.test(text))) continue;
    // what was wrapped after it was quoted has only what came later
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

/** At the beginning of a line, one blank behind it. `|` is no mark where it is part of `|__`, and a number not where it stands alone. */
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
