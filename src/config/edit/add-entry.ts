import type { Notation } from './entry-text.js';
import { type Collection, collectionOf, entriesOf, isFlow, pairOf, topOf } from './layout.js';
import { replace, type Splice } from './splice.js';
import { isFirstOnLine, lineBreak, lineStart, nextLine, skipBlanks } from './text-lines.js';

/**
 * Adds an entry at the end of `usb.devices`; creates the list if there is none.
 *
 * @param text - a valid VM file
 * @param entry - its text, on one line
 * @returns splices, or undefined if the list is shared (an alias refers to it)
 */
export function addEntry(text: string, entry: string, notation: Notation): Splice[] | undefined {
  const top = topOf(text);
  const usb = pairOf(top, 'usb');
  if (usb === undefined) return addPair(text, top, ['usb', 'devices'], entry, notation);
  const section = collectionOf(usb);
  if (section === undefined) return undefined;
  const devices = pairOf(section, 'devices');
  if (devices === undefined) return addPair(text, section, ['devices'], entry, notation);
  const list = collectionOf(devices);
  if (list === undefined) return undefined;
  return isFlow(list) ? addToFlow(text, list, entry, notation) : addToBlock(text, list, [`- ${entry}`], DASH);
}

/** Adds keys, one within the other, with a list of one entry in the innermost. */
function addPair(text: string, map: Collection, keys: readonly string[], entry: string, notation: Notation): Splice[] {
  if (!isFlow(map)) {
    const lines = [
      ...keys.map((key, depth) => `${'  '.repeat(depth)}${key}:`),
      `${'  '.repeat(keys.length)}- ${entry}`,
    ];
    return addToBlock(text, map, lines, '');
  }
  const name = (key: string): string => (notation === 'json' ? `"${key}"` : key);
  const wrap = (inner: string): string => (notation === 'json' ? `{${inner}}` : `{ ${inner} }`);
  const inner = keys.reduceRight((value, key) => {
    const pair = `${name(key)}: ${value}`;
    return key === keys[0] ? pair : wrap(pair);
  }, `[${entry}]`);
  return addToFlow(text, map, inner, notation);
}

const DASH = '- ';

/** New lines after the last entry, and after that entry's deeper comments. */
function addToBlock(text: string, node: Collection, lines: readonly string[], mark: string): Splice[] {
  const last = entriesOf(node).at(-1);
  if (last === undefined) throw new Error('a block without entries');
  const column = last.start - lineStart(text, last.start);
  let at = text[last.end - 1] === '\n' ? last.end : nextLine(text, last.end);
  for (;;) {
    const comment = /^( *)#/.exec(text.slice(at, nextLine(text, at)));
    if (comment === null || (comment[1] ?? '').length <= column) break;
    at = nextLine(text, at);
  }
  const end = lineBreak(text, at);
  // copies the blanks between dash and value from the neighbouring entry
  const gap = mark === DASH ? (/^-( +)\S/.exec(text.slice(last.start, last.end))?.[1] ?? ' ') : ' ';
  const spelt = lines.map((line) => ' '.repeat(column) + (mark === DASH ? line.replace(/^- /, `-${gap}`) : line));
  const isOpen = at === text.length && !text.endsWith('\n');
  const inserted = isOpen ? spelt.map((line) => end + line).join('') : spelt.map((line) => line + end).join('');
  return [replace(text, at, at, inserted)];
}

function addToFlow(text: string, node: Collection, entry: string, notation: Notation): Splice[] {
  const [open, after] = [node.range[0], node.range[1]];
  const close = after - 1;
  const entries = entriesOf(node);
  const last = entries.at(-1);
  if (last === undefined) {
    const inside = text.slice(open + 1, close);
    if (inside.includes('\n')) {
      const start = lineStart(text, close);
      const line = `${text.slice(start, close)}  ${entry}${lineBreak(text, close)}`;
      return [replace(text, start, start, line)];
    }
    const gap = text[open] === '{' && notation === 'yaml' ? ' ' : inside;
    return [replace(text, open + 1, close, gap + entry + gap)];
  }
  if (isFirstOnLine(text, last.start)) return addFlowLine(text, last, entry);
  const before = entries.at(-2);
  const between = before === undefined ? ', ' : text.slice(before.end, last.start);
  return [replace(text, last.end, last.end, `${/^, ?$/.test(between) ? between : ', '}${entry}`)];
}

/** An entry on its own line, if the one before it has its own. */
function addFlowLine(text: string, last: { start: number; end: number }, entry: string): Splice[] {
  const indent = text.slice(lineStart(text, last.start), last.start);
  const end = lineBreak(text, last.end);
  const line = nextLine(text, last.end);
  const [, comma] = /^[ \t]*(,?)[ \t]*#/.exec(text.slice(last.end, line)) ?? [];
  if (comma === undefined) return [replace(text, last.end, last.end, `,${end}${indent}${entry}`)];
  if (comma !== '') return [replace(text, line, line, `${indent}${entry},${end}`)];
  // does not imitate a comma behind the comment
  if (text[skipBlanks(text, last.end)] === ',') return [replace(text, last.end, last.end, `, ${entry}`)];
  return [replace(text, line, line, `${indent}${entry}${end}`), replace(text, last.end, last.end, ',')];
}
