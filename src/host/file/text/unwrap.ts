import { joined, placeOf, type TextLine, tail } from '../text-line.js';
import { isKnown } from './known-line.js';

/** Mail and pages wrap lines at this width or more, in characters, and a line that was wrapped has at least LEAST_FILLED characters. */
const LEAST_WIDTH = 66;
const LEAST_FILLED = 40;

/** Labels of the listing that come after other labels on a line. */
const LATER_LABEL =
  /^\s*(?:Bus|Lev|Prnt|Port|Cnt|Dev#|Spd|MxCh|Ver|Cls|Sub|Prot|MxPS|#Cfgs|Vendor|ProdID|Rev|#Ifs|Cfg#|Atr|MxPwr|If#|Alt|#EPs|Driver|Ad|Ivl)=/;

/** Joins lines that were wrapped: a line that cannot end where it does is joined with a line that cannot begin where it does. */
export function* unwrapped(lines: Iterable<TextLine>): Generator<TextLine, void> {
  let held: TextLine[] = [];
  let gap = '';
  for (const line of lines) {
    const [first, last] = [held[0], held.at(-1)];
    const between = first === undefined || last === undefined ? undefined : gapOf(first.text, last, line.text);
    if (between !== undefined) {
      held.push(tail(line, line.text.search(/\S/)));
      gap = between;
      continue;
    }
    if (held.length > 0) yield joined(held, gap);
    held = [line];
  }
  if (held.length > 0) yield joined(held, gap);
}

/** @returns the text that was between two lines when they were one; undefined if they were never one */
function gapOf(first: string, held: TextLine, next: string): string | undefined {
  const last = held.text;
  if (next.trim() === '' || beginsAnew(next)) return undefined;
  if (/^\s*[TDPCIEB]:[* ]/.test(first)) {
    return /=\s*$/.test(last) || /\([^)]*$/.test(last) || LATER_LABEL.test(next) ? ' ' : undefined;
  }
  // bytes contain no blank except the one after the letter
  if (/^\s*[PNSEAHL]:\s*$/.test(last)) return ' ';
  if (/^\s*[NH]: \S+$/.test(first)) return /^\s*[\dA-F]{2,}\s*$/i.test(next) ? '' : undefined;
  // a line of `lsusb -t` ends with a speed
  if (/^\s*(?:\/:\s|\|__|\|\s+\|)/.test(first)) return /\d*M(?:\/x\d)?\s*$/.test(last) ? undefined : ' ';
  if (/^\s*(?:S:\s|A: |i[A-Z]\w*\s|id[A-Z]\w*\s)/.test(first)) return wasFull(held, next) ? ' ' : undefined;
  return undefined;
}

/** Whether a line is a known line, a heading, or a line that lsusb and the kernel write in between. */
function beginsAnew(text: string): boolean {
  if (isKnown(text)) return true;
  return /^\s*(?:[A-Z]:[* ]|\(|\*\*|\/:|\|)|:\s*$/.test(text) && !LATER_LABEL.test(text);
}

/** Whether the next word had no room on the line. A name may continue on the next line, and only the length shows that it does. */
function wasFull(line: TextLine, next: string): boolean {
  // the marks before the line took room as well
  const length = placeOf(line, line.text.trimEnd().length).column - 1;
  const word = /^\s*(\S+)/.exec(next)?.[1] ?? '';
  return length >= LEAST_FILLED && length + 1 + word.length > LEAST_WIDTH;
}
