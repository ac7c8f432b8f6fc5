/** The properties of an option: of several with the same name the last counts (util/qemu-option.c, qemu_opt_find). */
export type Properties = ReadonlyMap<string, string>;

/**
 * Reads `name=value,flag,noflag,…`; a comma within a value is doubled (util/qemu-option.c, get_opt_name_value). Of several ids the first
 * counts (opts_parse_id).
 *
 * @param implied - the property whose name may be left out, if it is the first
 */
export function readProperties(text: string, implied?: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (let at = 0; at < text.length; ) {
    const isFirst = at === 0;
    const nameEnd = endOf(text, at, '=,');
    const name = text.slice(at, nameEnd);
    if (text[nameEnd] === '=') {
      const { value, next } = valueAt(text, nameEnd + 1);
      if (name !== 'id' || !properties.has('id')) properties.set(name, value);
      at = next;
    } else if (isFirst && implied !== undefined) {
      const { value, next } = valueAt(text, at);
      properties.set(implied, value);
      at = next;
    } else {
      // a flag; "nowait" means wait=off
      const isOff = name.startsWith('no');
      properties.set(isOff ? name.slice(2) : name, isOff ? 'off' : 'on');
      at = nameEnd + 1;
    }
  }
  return properties;
}

/** @returns whether a flag is on (qapi/qapi-util.c, qapi_bool_parse); `otherwise` for no value, and for one that QEMU refuses */
export function isOn(properties: Properties, name: string, otherwise: boolean): boolean {
  const value = properties.get(name) ?? '';
  if (/^(?:on|yes|true|y)$/.test(value)) return true;
  return /^(?:off|no|false|n)$/.test(value) ? false : otherwise;
}

function endOf(text: string, from: number, marks: string): number {
  let at = from;
  while (at < text.length && !marks.includes(text[at] ?? '')) at++;
  return at;
}

/** Reads a value up to a single comma. */
function valueAt(text: string, from: number): { readonly value: string; readonly next: number } {
  const parts: string[] = [];
  for (let at = from; ; ) {
    const end = endOf(text, at, ',');
    parts.push(text.slice(at, end));
    if (text[end] !== ',' || text[end + 1] !== ',') return { value: parts.join(','), next: end + 1 };
    at = end + 2;
  }
}
