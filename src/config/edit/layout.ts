import {
  type Alias,
  type CST,
  isAlias,
  isCollection,
  isScalar,
  type Pair,
  parseDocument,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';

/** A document with the offset of each part, for edits. */
export type Collection = YAMLMap.Parsed | YAMLSeq.Parsed;

/** A part of a text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** @returns the top mapping of a valid VM file */
export function topOf(text: string): Collection {
  const { contents } = parseDocument(text, { keepSourceTokens: true, uniqueKeys: false, prettyErrors: false });
  if (!isCollection(contents) || contents.srcToken === undefined) throw new Error('not a VM file');
  return contents as Collection;
}

/** @returns the pair of a mapping, or undefined */
export function pairOf(map: Collection, key: string): Pair | undefined {
  return (map.items as Pair[]).find((pair) => isScalar(pair.key) && pair.key.value === key);
}

/** @returns the collection of a pair; none for an alias, because its collection is shared */
export function collectionOf(pair: Pair): Collection | undefined {
  return isCollection(pair.value) ? (pair.value as Collection) : undefined;
}

/** @returns whether a collection is in brackets */
export function isFlow(node: Collection): boolean {
  return node.srcToken?.type === 'flow-collection';
}

/** @returns each entry of a collection, from its first token (anchor, tag, `-` or `?` included) to the end of its value */
export function entriesOf(node: Collection): Span[] {
  const tokens = (node.srcToken as CST.FlowCollection | CST.BlockMap | CST.BlockSequence).items;
  const items: readonly unknown[] = node.items;
  return items.map((item, index) => {
    const token = tokens[index];
    const first = token?.start.find(({ type }) => !BETWEEN.has(type)) ?? token?.key ?? token?.value;
    if (token === undefined || first === undefined) throw new Error('an entry without a beginning');
    return { start: first.offset, end: endOf(item, token) };
  });
}

/** Tokens between two entries. */
const BETWEEN: ReadonlySet<string> = new Set(['space', 'newline', 'comment', 'comma']);

/** The offset after a node; for a block collection the offset after its last entry, because comments after that belong to no entry. */
function endOf(item: unknown, token: CST.CollectionItem): number {
  const node: unknown = isPair(item) ? item.value : item;
  if (isCollection(node) && !isFlow(node as Collection)) {
    const last = entriesOf(node as Collection).at(-1);
    if (last !== undefined) return last.end;
  }
  const isWritten = isAlias(node) || (isScalar(node) && node.source !== '') || isCollection(node);
  if (isWritten && node.range) return node.range[1];
  // a key without a value ends with its colon
  const colon = token.sep?.find(({ type }) => type === 'map-value-ind');
  if (colon !== undefined) return colon.offset + 1;
  throw new Error('an entry without an end');
}

function isPair(item: unknown): item is Pair<unknown, Alias | unknown> {
  return typeof item === 'object' && item !== null && 'key' in item && 'value' in item;
}

/** @returns the offset after the colon of a pair, and the anchor or tag behind it */
export function afterColon(pair: Pair): number {
  const marks =
    (pair as { srcToken?: CST.CollectionItem }).srcToken?.sep?.filter(({ type }) => !BETWEEN.has(type)) ?? [];
  const last = marks.at(-1);
  if (last === undefined || !('source' in last)) throw new Error('a pair without a colon');
  return last.offset + last.source.length;
}
