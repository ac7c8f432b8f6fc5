import { afterColon, type Collection, collectionOf, entriesOf, isFlow, pairOf, type Span, topOf } from './layout.js';
import { replace, type Splice } from './splice.js';
import { isFirstOnLine, lineStart, nextLine, skipBlanks } from './text-lines.js';

/**
 * Removes an entry from `usb.devices`, with the comment on its own line. An empty list stays as `[]`.
 *
 * @param text - a valid VM file
 * @returns splices, or undefined if the list is shared, or the entry shares its line
 */
export function removeEntry(text: string, index: number): Splice[] | undefined {
  const usb = pairOf(topOf(text), 'usb');
  const section = usb === undefined ? undefined : collectionOf(usb);
  const devices = section === undefined ? undefined : pairOf(section, 'devices');
  const list = devices === undefined ? undefined : collectionOf(devices);
  if (devices === undefined || list === undefined) return undefined;
  if (isFlow(list)) return removeFromFlow(text, list, index);
  const entries = entriesOf(list);
  const entry = entries[index];
  if (entry === undefined || !isFirstOnLine(text, entry.start)) return undefined;
  const gone = removeLines(text, entry.start, entry.end);
  if (entries.length > 1) return [gone];
  const at = afterColon(devices);
  return [gone, { at, removed: '', inserted: ' []' }];
}

/** Whole lines. The last line of a file without a line break at its end leaves the line before it without one. */
function removeLines(text: string, first: number, end: number): Splice {
  const start = lineStart(text, first);
  const after = text[end - 1] === '\n' ? end : nextLine(text, end);
  const isOpen = after === text.length && !text.endsWith('\n');
  return replace(text, isOpen ? start - (/\r?\n$/.exec(text.slice(0, start))?.[0].length ?? 0) : start, after);
}

function removeFromFlow(text: string, list: Collection, index: number): Splice[] | undefined {
  const entries = entriesOf(list);
  const entry = entries[index];
  if (entry === undefined) return undefined;
  const [open, close] = [list.range[0] + 1, list.range[1] - 1];
  const inside = text.slice(open, close);
  if (entries.length === 1 && !/[\n#]/.test(inside)) return [replace(text, open, close)];
  const comma = commaAfter(text, entry.end);
  const before = index === 0 ? undefined : entries[index - 1];
  const commaBefore = before === undefined ? undefined : commaAfter(text, before.end);
  const isLast = index === entries.length - 1;
  // YAML does not allow a leading comma, and JSON no trailing one
  const surplus =
    isLast && comma === undefined && commaBefore !== undefined ? [replace(text, commaBefore, commaBefore + 1)] : [];
  const end = comma === undefined ? entry.end : comma + 1;
  if (hasLines(text, { start: entry.start, end })) return [removeLines(text, entry.start, end), ...surplus];
  if (!isLast) return [replace(text, entry.start, end + blanksAt(text, end))];
  if (commaBefore !== undefined && text.slice(commaBefore + 1, entry.start).trim() === '') {
    const isSameLine = !text.slice(commaBefore, entry.start).includes('\n');
    if (isSameLine) return [replace(text, commaBefore, entry.end)];
  }
  return [replace(text, entry.start, end), ...surplus];
}

function commaAfter(text: string, end: number): number | undefined {
  const at = skipBlanks(text, end);
  return text[at] === ',' ? at : undefined;
}

function blanksAt(text: string, at: number): number {
  return /^[ \t]*/.exec(text.slice(at))?.[0].length ?? 0;
}

/** Whether the lines of an entry contain nothing else except a comment. */
function hasLines(text: string, { start, end }: Span): boolean {
  return isFirstOnLine(text, start) && /^[ \t]*(#[^\n]*)?\r?\n$/.test(text.slice(end, nextLine(text, end)));
}
