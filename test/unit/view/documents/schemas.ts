import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';

const FOLDER = new URL('../../../../schemas/', import.meta.url);

/** Names of the schemas of documents, without their ending. */
export const SCHEMAS: readonly string[] = readdirSync(FOLDER)
  .map((file) => file.replace('.schema.json', ''))
  .filter((name) => !['vm', 'policy', 'common'].includes(name));

const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });
for (const name of ['common', ...SCHEMAS]) {
  ajv.addSchema(JSON.parse(readFileSync(new URL(`${name}.schema.json`, FOLDER), 'utf8')));
}

/** @returns what is wrong with a document by the schema that it names; nothing when it is as promised */
export function schemaErrors(document: unknown): string[] {
  const { schema } = document as { readonly schema: string };
  const validate = ajv.getSchema(schema);
  if (validate === undefined) return [`no schema ${schema}`];
  validate(document);
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }: ErrorObject) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

/** Every part of every schema that describes a value: what says what it is, or refers to it. */
export function schemaTexts(): Record<string, string> {
  return Object.fromEntries(
    ['common', ...SCHEMAS].map((name) => [name, readFileSync(new URL(`${name}.schema.json`, FOLDER), 'utf8')]),
  );
}
