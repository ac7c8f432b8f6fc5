import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';

const FOLDER = new URL('../../../../schemas/', import.meta.url);

/** Schemas of the lines of the agent's socket. */
const LINES: readonly string[] = ['agent-request', 'agent-answer'];

/** Names of the schemas of documents, without their ending. */
export const SCHEMAS: readonly string[] = readdirSync(FOLDER)
  .map((file) => file.replace('.schema.json', ''))
  .filter((name) => !['vm', 'policy', 'common', ...LINES].includes(name));

const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });
for (const name of ['common', ...SCHEMAS, ...LINES]) {
  ajv.addSchema(JSON.parse(readFileSync(new URL(`${name}.schema.json`, FOLDER), 'utf8')));
}

/** @returns what is wrong with a document by the schema that it names; nothing when it is as promised */
export function schemaErrors(document: unknown): string[] {
  return errorsBy((document as { readonly schema: string }).schema, document);
}

/** @returns what is wrong with a request to the agent's socket, or an answer of it, by its schema */
export function lineErrors(kind: 'agent-request' | 'agent-answer', line: unknown): string[] {
  return errorsBy(`urn:qplug:${kind}:1`, line);
}

function errorsBy(schema: string, document: unknown): string[] {
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
    ['common', ...SCHEMAS, ...LINES].map((name) => [
      name,
      readFileSync(new URL(`${name}.schema.json`, FOLDER), 'utf8'),
    ]),
  );
}
