import { resolve as resolvePath } from 'node:path';
import { type Finding, finding, QplugError } from '../diag/index.js';
import { validate } from './generated/vm-file-validator.js';
import type { RawUsb, RawVmFile } from './raw.js';
import { Holes, repair } from './repair.js';
import { resolveVmFile } from './resolve.js';
import { schemaFindings } from './schema-findings.js';
import { readSource, type Source } from './source.js';
import type { Pointer, VmFile } from './vm-file.js';

/** Maximum number of reported findings. */
const MAX_FINDINGS = 100;

/** Maximum number of broken rules for which qplug looks for the nearest word; a nonsense file has tens of thousands. */
const MAX_SCHEMA_ERRORS = 200;

/** Checks of other layers on a VM file; qplug reports their findings together with those of the file itself. */
export interface VmFileChecks {
  /** @returns why a text is not a selector, or undefined if it is one */
  readonly checkSelector?: ((text: string) => string | undefined) | undefined;
  /** @returns errors of the VM as a whole: controllers that its machine can't have, pins, conflicting arguments */
  readonly checkGuest?: ((file: VmFile) => readonly Finding[]) | undefined;
}

/**
 * Reads the text of a VM file.
 *
 * @param text - YAML 1.2 or JSON
 * @param path - its file, for locations and relative names
 * @throws QplugError with all findings, in the order of the file
 */
export function parseVmFileText(text: string, path: string, checks: VmFileChecks = {}): VmFile {
  const source = readSource(text, path);
  const findings: Finding[] = [...source.findings];
  const file = source.value === undefined ? undefined : check(source, path, checks, findings);
  const errors = inOrder(findings.filter(({ severity }) => severity === 'error')).slice(0, MAX_FINDINGS);
  const [first, ...others] = errors;
  if (first !== undefined) throw new QplugError([first, ...others]);
  if (file === undefined) throw new QplugError([notMapping(source, 'empty')]);
  return file;
}

/** A source that accepts pointers into the repaired value. */
function fileSource(source: Source, holes: Holes): Source {
  const { value, findings } = source;
  const inFile = (pointer: Pointer): Pointer => holes.pointer(value, pointer);
  return {
    value,
    findings,
    locate: (pointer) => source.locate(inFile(pointer)),
    locateKey: (pointer) => source.locateKey(inFile(pointer)),
    written: (pointer) => source.written(inFile(pointer)),
  };
}

/** Adds all findings about the content; the result is valid only if there are none. */
function check(source: Source, path: string, checks: VmFileChecks, findings: Finding[]): VmFile | undefined {
  const { value } = source;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    findings.push(notMapping(source, value === null ? 'empty' : Array.isArray(value) ? 'a list' : 'one value'));
    return undefined;
  }
  findings.push(...nulCharacters(value, source));
  const holes = new Holes();
  const mapped = fileSource(source, holes);
  const sound = makeSound(value, mapped, holes, findings);
  if (sound === undefined) return undefined;
  const resolved = resolveVmFile(sound, resolvePath(path), mapped);
  findings.push(...resolved.findings, ...wrongSelectors(sound.usb ?? {}, mapped, checks));
  if (checks.checkGuest !== undefined) findings.push(...checks.checkGuest(resolved.file));
  return resolved.file;
}

/**
 * Checks a value against the schema; reports and removes the invalid parts, so that the rest can be checked.
 *
 * @returns the repaired value; undefined if it can't be repaired
 */
function makeSound(value: object, source: Source, holes: Holes, findings: Finding[]): RawVmFile | undefined {
  // A repair can reveal further errors: the value of a misspelt key is checked once the key is known.
  for (let round = 0; round < 4; round++) {
    if (validate(value)) return value;
    const all = validate.errors ?? [];
    const errors = all.slice(0, MAX_SCHEMA_ERRORS);
    // Ignores missing keys that the repair removed.
    const told = round === 0 ? errors : errors.filter(({ keyword }) => keyword !== 'required');
    findings.push(...schemaFindings(told, source));
    if (all.length > errors.length || !repair(value, errors, holes)) return undefined;
    // Without all controllers and hubs qplug can't check a pin.
    if (errors.some(({ instancePath }) => concernsPorts(instancePath))) dropPins(value);
  }
  return undefined;
}

function concernsPorts(path: string): boolean {
  return path.startsWith('/usb/controllers') || path.startsWith('/usb/hubs') || path === '/machine';
}

function dropPins(file: RawVmFile): void {
  const usb: { hubs?: unknown; devices?: unknown } = file.usb ?? {};
  delete usb.hubs;
  if (!Array.isArray(usb.devices)) return;
  for (const device of usb.devices) {
    if (typeof device !== 'object' || device === null) continue;
    Reflect.deleteProperty(device, 'controller');
    Reflect.deleteProperty(device, 'port');
  }
}

function wrongSelectors(usb: RawUsb, source: Source, { checkSelector }: VmFileChecks): Finding[] {
  if (checkSelector === undefined) return [];
  const places = (['devices', 'allow', 'deny'] as const).flatMap((key) => {
    const list = usb[key] ?? [];
    return list.map((entry, i) => {
      const pointer: Pointer = ['usb', key, i];
      if (typeof entry === 'string') return { select: entry, pointer };
      return { select: 'select' in entry ? entry.select : undefined, pointer: [...pointer, 'select'] };
    });
  });
  return places.flatMap(({ select, pointer }) => {
    const reason = select === undefined ? undefined : checkSelector(select);
    if (select === undefined || reason === undefined) return [];
    return [finding('selector-wrong', { select, reason }, { location: source.locate(pointer) })];
  });
}

function notMapping(source: Source, found: string): Finding {
  return finding('vm-file-not-mapping', { found }, { location: source.locate([]) });
}

/** YAML can contain a NUL, but no program argument or file name can. */
function nulCharacters(value: unknown, source: Source, pointer: Pointer = []): Finding[] {
  if (typeof value === 'string') {
    if (!value.includes('\0')) return [];
    return [finding('value-nul', { key: pointer.join('.') }, { location: source.locate(pointer) })];
  }
  if (typeof value !== 'object' || value === null) return [];
  const entries: [string | number, unknown][] = Array.isArray(value)
    ? value.map((entry, i) => [i, entry])
    : Object.entries(value);
  return entries.flatMap(([key, inner]) => nulCharacters(inner, source, [...pointer, key]));
}

function inOrder(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => {
    const [left, right] = [a.location, b.location];
    return (left?.line ?? 0) - (right?.line ?? 0) || (left?.column ?? 0) - (right?.column ?? 0);
  });
}
