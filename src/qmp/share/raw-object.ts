/** A member of a JSON object: its name, and the text of its value exactly as it was written. */
export interface RawMember {
  readonly name: string;
  readonly value: string;
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Cuts an object into its members without reading their values: a number keeps all its digits (QEMU's integers have 64 bits, those of
 * JSON.parse have 53).
 *
 * @param json - a text that `JSON.parse` reads as an object
 * @returns its members, in their order; a name that is there twice is in the result twice
 */
export function rawMembers(json: string): RawMember[] {
  const members: RawMember[] = [];
  const end = json.lastIndexOf('}');
  for (let at = json.indexOf('{') + 1; at < end; ) {
    const nameStart = json.indexOf('"', at);
    if (nameStart === -1 || nameStart > end) break;
    const nameEnd = endOfString(json, nameStart);
    const colon = json.indexOf(':', nameEnd);
    const valueEnd = endOfValue(json, colon + 1, end);
    members.push({
      name: JSON.parse(json.slice(nameStart, nameEnd)) as string,
      value: json.slice(colon + 1, valueEnd).trim(),
    });
    at = valueEnd + 1;
  }
  return members;
}

/** @returns an object of these members, as text */
export function joinMembers(members: readonly RawMember[]): string {
  return `{${members.map(({ name, value }) => `${JSON.stringify(name)}: ${value}`).join(', ')}}`;
}

/** @returns the position behind the string that begins at `start` */
function endOfString(json: string, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at + 1;
  }
  return json.length;
}

/** @returns the position of the comma that ends the value, or `end` */
function endOfValue(json: string, start: number, end: number): number {
  let depth = 0;
  for (let at = start; at < end; at++) {
    switch (json.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(json, at) - 1;
        break;
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        depth++;
        break;
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        depth--;
        break;
      case COMMA:
        if (depth === 0) return at;
    }
  }
  return end;
}
