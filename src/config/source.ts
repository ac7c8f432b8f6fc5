import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  visit,
} from 'yaml';
import { type Finding, finding, QplugError, type SourceLocation } from '../diag/index.js';
import type { Pointer } from './vm-file.js';

/** Maximum growth factor of a file by its aliases; the protection against "billion laughs". */
const MAX_ALIASES = 100;

/** A parsed YAML text: its value, and the position of each part. */
export interface Source {
  /** Plain objects, arrays and scalars. A port written as a number keeps its text: `2.10` is not `2.1`, and 08 is not 8. */
  readonly value: unknown;
  /** Syntax and duplicate keys. After a fatal error the value is undefined. */
  readonly findings: readonly Finding[];
  /** @returns the position of a value, or of the nearest enclosing one */
  locate(pointer: Pointer): SourceLocation;
  /** @returns the position of a key of a mapping */
  locateKey(pointer: Pointer): SourceLocation;
  /** @returns the text of a scalar, with its quotes */
  written(pointer: Pointer): string | undefined;
}

/**
 * Parses YAML 1.2 (and so JSON), with positions.
 *
 * @param text - the whole file
 * @param file - its name, for locations
 * @param textual - keys whose numbers keep their text
 * @throws QplugError `vm-file-too-deep`
 */
export function readSource(text: string, file: string, textual: readonly string[] = ['port']): Source {
  const lines = new LineCounter();
  try {
    return new YamlSource(text, file, lines, textual);
  } catch (error) {
    // The composer calls itself for each level: thousands of levels overflow its stack.
    if (error instanceof RangeError)
      throw new QplugError([finding('vm-file-too-deep', { path: file })], { cause: error });
    throw error;
  }
}

class YamlSource implements Source {
  readonly value: unknown;
  readonly findings: Finding[] = [];
  readonly #text: string;
  readonly #file: string;
  readonly #lines: LineCounter;
  readonly #textual: readonly string[];
  readonly #document: Document.Parsed | undefined;

  constructor(text: string, file: string, lines: LineCounter, textual: readonly string[]) {
    this.#text = text;
    this.#textual = textual;
    this.#file = file;
    this.#lines = lines;
    // The parser's own search for duplicate keys compares each key with each; `#check` is linear, and also names the first one.
    // Every error becomes a finding, because the parser's own messages would contain raw characters of the file.
    const quiet = { prettyErrors: false, logLevel: 'error' } as const;
    const parsed = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: false, ...quiet });
    const documents: readonly Document.Parsed[] = 'empty' in parsed ? [] : parsed;
    const document = documents[0];
    this.#document = document;
    for (const one of documents) {
      for (const { message, code, pos } of [...one.errors, ...one.warnings]) {
        this.#add('vm-file-syntax', { message, fix: this.#mend(code, pos[0]) }, this.#at(pos[0]));
      }
    }
    const second = documents[1];
    if (second !== undefined) this.#add('vm-file-documents', { count: documents.length }, this.#at(second.range[0]));
    if (document === undefined || this.findings.length > 0) return;
    this.#check(document);
    this.value = this.#unfold(document);
  }

  locate(pointer: Pointer): SourceLocation {
    const { node, pair } = this.#find(pointer);
    const start = node?.range?.[0] ?? rangeOf(pair?.key);
    return this.#at(start ?? 0);
  }

  locateKey(pointer: Pointer): SourceLocation {
    const { pair } = this.#find(pointer);
    const start = rangeOf(pair?.key);
    return start === undefined ? this.locate(pointer) : this.#at(start);
  }

  written(pointer: Pointer): string | undefined {
    const { node } = this.#find(pointer);
    return isScalar(node) && node.range ? this.#text.slice(node.range[0], node.range[1]) : undefined;
  }

  #add(...[code, evidence, location]: AddArguments): void {
    this.findings.push(finding(code, evidence as never, { location }));
  }

  #at(offset: number): SourceLocation {
    const { line, col } = this.#lines.linePos(offset);
    // An empty file has no lines to count.
    return { file: this.#file, line: Math.max(1, line), column: Math.max(1, col) };
  }

  /** The literal text that fixes a syntax error, if qplug knows it. */
  #mend(code: string, offset: number): string | undefined {
    if (code !== 'BAD_SCALAR_START') return undefined;
    const word = /^[^\s,\]}#]+/.exec(this.#text.slice(offset, offset + 200))?.[0];
    return word === undefined ? undefined : `put it in quotes: \`'${word.replaceAll("'", "''")}'\``;
  }

  /** Finds duplicate keys and unknown aliases; gives ports their text. */
  #check(document: Document.Parsed): void {
    const anchors = new Set<string>();
    visit(document, {
      Value: (_key, { anchor }) => {
        if (anchor !== undefined) anchors.add(anchor);
      },
      Alias: (_key, node, path) => {
        const within = path.some((holder) => isCollection(holder) && holder.anchor === node.source);
        if (anchors.has(node.source) && !within) return;
        const evidence = { alias: node.source, within };
        this.#add('alias-unusable', evidence, this.#at(node.range?.[0] ?? 0));
      },
      // Called instead of `Value`.
      Map: (_key, map) => {
        if (map.anchor !== undefined) anchors.add(map.anchor);
        const seen = new Map<string, number>();
        for (const { key } of map.items) {
          const name = keyText(key);
          const start = rangeOf(key) ?? 0;
          const first = seen.get(name);
          if (first === undefined) seen.set(name, start);
          else this.#add('key-duplicate', { key: name, first: this.#at(first) }, this.#at(start));
        }
      },
      Pair: (_key, { key, value }) => {
        if (!this.#textual.includes(keyText(key)) || !isScalar(value) || typeof value.value !== 'number') return;
        if (value.source !== undefined) value.value = value.source;
      },
    });
  }

  #unfold(document: Document.Parsed): unknown {
    if (this.findings.some(({ code }) => code === 'alias-unusable')) return undefined;
    try {
      return unshared(document.toJS({ maxAliasCount: MAX_ALIASES }));
    } catch (error) {
      if (!(error instanceof ReferenceError)) throw error;
      this.#add('vm-file-aliases', { limit: MAX_ALIASES }, this.#at(0));
      return undefined;
    }
  }

  #find(pointer: Pointer): { node: Node | undefined; pair: Pair | undefined } {
    let node: Node | undefined = this.#document?.contents ?? undefined;
    let pair: Pair | undefined;
    for (const step of pointer) {
      const holder: unknown = isAlias(node) && this.#document !== undefined ? node.resolve(this.#document) : node;
      if (isMap(holder)) {
        const found: Pair | undefined = holder.items.find(({ key }) => keyText(key) === String(step));
        if (found === undefined) break;
        pair = found;
        // A key without a value (`port:`) has an empty node of its own or none: then the key stands for it.
        node = isNode(found.value) && !(isScalar(found.value) && found.value.source === '') ? found.value : undefined;
      } else if (isSeq(holder)) {
        const item = holder.items[Number(step)];
        if (!isNode(item)) break;
        node = item;
        pair = undefined;
      } else {
        break;
      }
    }
    return { node, pair };
  }
}

type AddArguments = {
  [C in Finding['code']]: [code: C, evidence: Extract<Finding, { code: C }>['evidence'], location: SourceLocation];
}[Finding['code']];

/** A copy in which no two places share an object, unlike an anchor and its aliases. There are no cycles. */
function unshared(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unshared);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unshared(inner)]));
}

function rangeOf(key: unknown): number | undefined {
  return isNode(key) ? key.range?.[0] : undefined;
}

/** The text that a key has in the plain object made of its mapping. */
function keyText(key: unknown): string {
  if (isScalar(key)) return String(key.value);
  return isNode(key) ? key.toString() : String(key);
}
