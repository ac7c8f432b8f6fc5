import { type Finding, finding, nearest } from '../diag/index.js';
import type { SchemaError } from './generated/vm-file-validator.js';
import type { Source } from './source.js';
import type { Pointer } from './vm-file.js';

/**
 * Turns ajv's errors into findings: one for each mistake, at its place, with the nearest right word.
 *
 * @param errors - from one run with `allErrors` and `verbose`
 */
export function schemaFindings(errors: readonly SchemaError[], source: Source): Finding[] {
  const told = new Set<string>();
  const findings: Finding[] = [];
  for (const error of errors) {
    // The branches of `if` report their own errors; the failure of the branch adds nothing.
    if (error.keyword === 'if' || isMisspelt(error, errors)) continue;
    // A wrong type breaks every branch that mentions one: report it once.
    const once = `${error.instancePath} ${error.keyword} ${error.params.additionalProperty ?? error.params.missingProperty ?? ''}`;
    if (told.has(once)) continue;
    told.add(once);
    findings.push(toFinding(error, source));
  }
  return findings;
}

/** @returns the keys and indexes of a JSON pointer (RFC 6901) */
export function parsePointer(text: string): Pointer {
  return text
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^(0|[1-9]\d*)$/.test(part) ? Number(part) : part));
}

/** @returns the likely key for an unknown one, if that key is not present */
export function meantKey({ params, parentSchema, data }: SchemaError): string | undefined {
  const known = keysOf(parentSchema).filter((key) => !Object.hasOwn(data as object, key));
  return nearest(String(params.additionalProperty), known);
}

/** @returns whether a key is missing only because it is misspelt: then the finding about the unknown key suggests this one */
export function isMisspelt({ keyword, params, instancePath }: SchemaError, errors: readonly SchemaError[]): boolean {
  return (
    keyword === 'required' &&
    errors.some(
      (other) =>
        other.keyword === 'additionalProperties' &&
        other.instancePath === instancePath &&
        meantKey(other) === params.missingProperty,
    )
  );
}

function toFinding(error: SchemaError, source: Source): Finding {
  const { keyword, params, parentSchema, data } = error;
  const pointer = parsePointer(error.instancePath);
  const key = pointer.join('.');
  const location = source.locate(pointer);
  switch (keyword) {
    case 'additionalProperties': {
      const unknown = String(params.additionalProperty);
      const evidence = { key: unknown, within: key, known: keysOf(parentSchema), nearest: meantKey(error) };
      return finding('key-unknown', evidence, { location: source.locateKey([...pointer, unknown]) });
    }
    case 'required':
      return finding('key-missing', { key: String(params.missingProperty), within: key }, { location });
    case 'enum': {
      const known = (params.allowedValues ?? []).map(String);
      const value = typeof data === 'string' ? data : shown(data);
      return finding('value-unknown', { key, value, known, nearest: nearest(value, known) }, { location });
    }
    case 'type': {
      const types = [params.type ?? []].flat();
      const written = source.written(pointer);
      const mended = written === undefined || data === null ? undefined : mend(types, data, written);
      return finding('value-type', { key, expected: typeWords(types), found: shown(data), mended }, { location });
    }
    case 'minimum':
    case 'maximum': {
      const evidence = { key, value: Number(data), least: parentSchema.minimum, most: parentSchema.maximum };
      return finding('value-range', evidence, { location });
    }
    case 'minItems':
    case 'maxItems':
    case 'maxProperties': {
      const most = parentSchema.maxItems ?? parentSchema.maxProperties;
      return finding('value-count', { key, least: parentSchema.minItems, most }, { location });
    }
    default: {
      const form =
        parentSchema.$comment ?? (keyword === 'minLength' ? 'some text' : parentSchema.description) ?? keyword;
      return finding('value-form', { key, value: String(data), form }, { location });
    }
  }
}

function keysOf({ properties }: SchemaError['parentSchema']): string[] {
  return Object.keys(properties ?? {});
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  object: 'a mapping',
  array: 'a list',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
};

function typeWords(types: readonly string[]): string {
  return types.map((type) => WORDS[type] ?? type).join(' or ');
}

/** The same value in the required type, if only brackets or quotes are missing. */
function mend(types: readonly string[], data: unknown, written: string): string | undefined {
  if (types.includes('array')) return `[${written}]`;
  return types.includes('string') && typeof data !== 'object' ? `'${written}'` : undefined;
}

function shown(data: unknown): string {
  if (data === null) return 'empty';
  if (Array.isArray(data)) return 'a list';
  if (typeof data === 'object') return 'a mapping';
  return String(data);
}
