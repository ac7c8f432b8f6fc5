/**
 * Edits the device list of a VM file. Input: the text of the file and a change; output: the new text, in the layout that the file has.
 * file-change.ts writes it, and holds the file while it does.
 */

import { isDeepStrictEqual } from 'node:util';
import { fail, finding, QplugError } from '../../diag/index.js';
import { parseVmFileText, type VmFileChecks } from '../parse.js';
import { readSource } from '../source.js';
import type { VmFile } from '../vm-file.js';
import { addEntry } from './add-entry.js';
import { entryText, entryValue, type NewEntry, type Notation } from './entry-text.js';
import { removeEntry } from './remove-entry.js';
import { applySplices, type Splice } from './splice.js';

/** A change of `usb.devices`: devices to append, or entries to remove, by index. */
export type DevicesChange = { readonly add: readonly NewEntry[] } | { readonly remove: readonly number[] };

/** A VM file's text after a change. */
export interface EditedVmFile {
  readonly text: string;
  /** Turn the former text into this one. */
  readonly splices: readonly Splice[];
  readonly file: VmFile;
}

/**
 * Changes only the list of devices in the text of a VM file: comments, layout, quotes, anchors and line endings stay unchanged. qplug
 * parses the new text again and checks that its value differs by exactly the change.
 *
 * @param source - `text` of a VM file, without byte-order mark; `path`: its file, for messages; `file`: the parsed text, if the caller has
 *   parsed it already
 * @throws QplugError `edit-by-hand` if the change would also change something else · all findings about the file, as it is or as it
 *   would be
 */
export function editDevices(
  { text, path, file }: { readonly text: string; readonly path: string; readonly file?: VmFile | undefined },
  change: DevicesChange,
  checks: VmFileChecks,
): EditedVmFile {
  if (file === undefined) parseVmFileText(text, path, checks);
  const before = readSource(text, path);
  const notation = notationOf(text, path);
  const splices: Splice[] = [];
  let now = text;
  const take = (made: Splice[] | undefined, byHand: () => QplugError): void => {
    if (made === undefined) throw byHand();
    splices.push(...made);
    now = applySplices(now, made);
  };
  if ('add' in change) {
    for (const device of change.add) {
      const entry = entryText(device, notation);
      take(addEntry(now, entry, notation), () => fail('edit-by-hand', { path, add: [entry], lines: [] }));
    }
  } else {
    for (const index of [...change.remove].sort((a, b) => b - a)) {
      take(removeEntry(now, index), () => removalByHand(path, change.remove, before));
    }
  }
  const after = readSource(now, path);
  if (after.findings.length > 0 || !isDeepStrictEqual(after.value, changed(before.value, change))) {
    if ('remove' in change) throw removalByHand(path, change.remove, before);
    throw fail('edit-by-hand', { path, add: change.add.map((one) => entryText(one, notation)), lines: [] });
  }
  return { text: now, splices, file: readAgain(now, path, checks) };
}

/** The required value: plain data, as from `readSource`. */
function changed(value: unknown, change: DevicesChange): unknown {
  const file = value as { readonly usb?: { readonly devices?: readonly unknown[] } };
  const devices = file.usb?.devices ?? [];
  const next =
    'add' in change
      ? [...devices, ...change.add.map(entryValue)]
      : devices.filter((_, index) => !change.remove.includes(index));
  return { ...file, usb: { ...file.usb, devices: next } };
}

function removalByHand(path: string, indexes: readonly number[], before: ReturnType<typeof readSource>): QplugError {
  const lines = indexes.map((index) => before.locate(['usb', 'devices', index]).line);
  return fail('edit-by-hand', { path, add: [], lines });
}

function readAgain(text: string, path: string, checks: VmFileChecks): VmFile {
  try {
    return parseVmFileText(text, path, checks);
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
    const more = finding('edit-would-break', { path }, { severity: 'note' });
    throw new QplugError([...error.findings, more], { cause: error });
  }
}

/** An empty mapping is YAML unless the file's name says JSON. */
function notationOf(text: string, path: string): Notation {
  try {
    JSON.parse(text);
    return text.includes('"') || /\.json$/i.test(path) ? 'json' : 'yaml';
  } catch {
    return 'yaml';
  }
}
