/** An element of a document: its text is that of all elements in it. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  readonly text: string;
}

/** What XML 1.0 lets stand in a document (its production Char), without the controls that it discourages. */
const CHARACTERS = /^[\t\n\r\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
const NAME = /^[A-Za-z_][\w.-]*/;
const REFERENCE = /&(?:(amp|lt|gt|quot|apos)|#(\d+));/g;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * Reads a document in the part of XML 1.0 that pictures are written in: elements, quoted attributes, text, the five entities. All
 * else (comments, CDATA, doctypes, processing instructions) is refused as well.
 *
 * @throws Error with what is wrong, and where
 */
export function parseStrictXml(text: string): Element {
  if (!CHARACTERS.test(text)) throw new Error('a character that XML has no place for');
  let at = 0;
  const wrong = (what: string): Error => new Error(`${what} at ${at}: ${text.slice(at, at + 40)}`);
  const expect = (token: string): void => {
    if (!text.startsWith(token, at)) throw wrong(`no ${token}`);
    at += token.length;
  };
  const name = (): string => {
    const [found] = NAME.exec(text.slice(at, at + 100)) ?? [];
    if (found === undefined) throw wrong('no name');
    at += found.length;
    return found;
  };
  const decode = (raw: string): string => {
    if (raw.replaceAll(REFERENCE, '').includes('&') || raw.includes(']]>')) throw wrong('a bare & or ]]>');
    return raw.replaceAll(REFERENCE, (_all, entity: string | undefined, code: string | undefined) =>
      entity === undefined ? String.fromCodePoint(Number(code)) : (ENTITIES[entity] ?? ''),
    );
  };
  const attributes = (): Record<string, string> => {
    const found: Record<string, string> = {};
    while (text[at] === ' ') {
      at += 1;
      const key = name();
      expect('="');
      const end = text.indexOf('"', at);
      const raw = text.slice(at, end);
      if (end < 0 || raw.includes('<') || Object.hasOwn(found, key)) throw wrong('a bad attribute');
      at = end + 1;
      found[key] = decode(raw);
    }
    return found;
  };
  const element = (): Element => {
    expect('<');
    const own = { name: name(), attributes: attributes() };
    if (text.startsWith('/>', at)) {
      at += 2;
      return { ...own, children: [], text: '' };
    }
    expect('>');
    const children: Element[] = [];
    let content = '';
    while (!text.startsWith('</', at)) {
      const next = text.indexOf('<', at);
      if (next < 0) throw wrong('an element that does not end');
      content += decode(text.slice(at, next));
      at = next;
      if (text.startsWith('</', at)) break;
      const child = element();
      children.push(child);
      content += child.text;
    }
    expect(`</${own.name}>`);
    return { ...own, children, text: content };
  };
  const root = element();
  if (text.slice(at).trim() !== '') throw wrong('more after the document');
  return root;
}

/** @returns an element and all that are in it */
export function everyElement(root: Element): Element[] {
  return [root, ...root.children.flatMap(everyElement)];
}
