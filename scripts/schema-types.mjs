/**
 * Writes a part of a JSON schema as a TypeScript type. Knows only the keywords that src/qmp/replies.schema.json uses; any other keyword
 * is an error, so that no type promises what the validator does not check.
 *
 * @param {any} schema
 * @param {string} indent - of the line on which the type begins
 * @returns {string}
 */
export function typeOf(schema, indent = '') {
  if (schema.$ref !== undefined) return schema.$ref.replace('#/$defs/', '');
  switch (schema.type) {
    case undefined:
      return 'unknown';
    case 'string':
      // the values known today; a newer QEMU may have more
      return schema.examples === undefined
        ? 'string'
        : [...schema.examples.map((one) => `'${one}'`), '(string & Record<never, never>)'].join(' | ');
    case 'boolean':
      return 'boolean';
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return `readonly ${inBrackets(typeOf(schema.items, indent))}[]`;
    case 'object':
      return schema.properties === undefined
        ? 'Readonly<Record<string, unknown>>'
        : `{\n${membersOf(schema, indent)}${indent}}`;
    default:
      throw new Error(`no type for ${JSON.stringify(schema)}`);
  }
}

function inBrackets(type) {
  return type.includes('|') && !type.startsWith('{') ? `(${type})` : type;
}

/** The members of an object, each on a line of its own with its description. */
function membersOf({ properties, required = [], additionalProperties }, indent) {
  const within = `${indent}  `;
  const lines = Object.entries(properties).map(([name, schema]) => {
    const optional = required.includes(name) ? '' : '?';
    return `${docOf(schema, within)}${within}readonly ${keyOf(name)}${optional}: ${typeOf(schema, within)};\n`;
  });
  if (additionalProperties === true) lines.push(`${within}readonly [member: string]: unknown;\n`);
  return lines.join('');
}

function keyOf(name) {
  return /^\w+$/.test(name) ? name : `'${name}'`;
}

function docOf({ description }, indent) {
  return description === undefined ? '' : `${indent}/** ${description} */\n`;
}

/** @returns {string} one exported type for a part with a name */
export function declarationOf(name, schema) {
  const type = typeOf(schema);
  const isInterface = type.startsWith('{');
  return `${docOf(schema, '')}export ${isInterface ? `interface ${name} ` : `type ${name} = `}${type}${isInterface ? '' : ';'}\n`;
}
