import { lstatSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openPlace, readPlainFile, refusalOfPlace, removeWhole, writeWhole } from '../../base/index.js';
import { fail, finding, QplugError } from '../../diag/index.js';
import { type Manager, UNIT_MARK, type Unit } from '../units/index.js';

/** Bytes of a unit that are read: those of qplug are far smaller. */
const MOST = 64 * 1024;

/** A unit, and whether its file was there already, with the same text. */
export interface WrittenUnit {
  readonly path: string;
  readonly text: string;
  readonly state: 'written' | 'unchanged';
}

/** The file of a unit, and what became of it. */
export interface RemovedUnit {
  readonly path: string;
  /** `kept`: qplug did not write it. */
  readonly state: 'removed' | 'absent' | 'kept';
}

/** What is at the path of a unit. */
type Present =
  | { readonly is: 'nothing' }
  | { readonly is: 'ours'; readonly text: string }
  | { readonly is: 'file' | 'link' | 'other' };

/**
 * Writes units, each completely or not at all, and none if one of their places has a file that qplug did not write.
 *
 * @param folder - of systemd's units; made for a user who has none
 * @throws QplugError `unit-not-ours` for each such file · `systemd-missing` · `unit-unwritable`
 */
export function writeUnits(folder: string, units: readonly Unit[], manager: Manager): readonly WrittenUnit[] {
  const all = units.map(({ name, text }) => ({ path: join(folder, name), text }));
  return usable(folder, () => {
    if (manager === 'user') mkdirSync(folder, { recursive: true, mode: 0o755 });
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw fail('systemd-missing', { folder });
    const present = all.map(({ path }) => presentAt(path));
    refuseForeign(all.map(({ path }, index) => [path, present[index]]));
    return all.map(({ path, text }, index): WrittenUnit => {
      const there = present[index];
      if (there?.is === 'ours' && there.text === text) return { path, text, state: 'unchanged' };
      using place = openPlace(path);
      writeWhole(place, text, 0o644);
      return { path, text, state: 'written' };
    });
  });
}

/**
 * Removes units that qplug wrote, and none while one of them is enabled, since systemd then keeps links to them.
 *
 * @throws QplugError `units-enabled` · `unit-unwritable`
 */
export function removeUnits(folder: string, names: readonly string[], manager: Manager): readonly RemovedUnit[] {
  const paths = names.map((name) => join(folder, name));
  return usable(folder, () => {
    const enabled = enabledIn(folder, names);
    if (enabled.length > 0) {
      const isVm = (name: string): boolean => name.includes('@');
      const [agent, vms] = [enabled.filter((name) => !isVm(name)), enabled.filter(isVm)];
      throw fail('units-enabled', { agent, vms, user: manager === 'user' });
    }
    return paths.map((path): RemovedUnit => {
      const { is } = presentAt(path);
      if (is !== 'ours') return { path, state: is === 'nothing' ? 'absent' : 'kept' };
      removeWhole(path);
      return { path, state: 'removed' };
    });
  });
}

function presentAt(path: string): Present {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined) return { is: 'nothing' };
  if (there.isSymbolicLink()) return { is: 'link' };
  if (!there.isFile()) return { is: 'other' };
  const text = readPlainFile(path, MOST).toString('utf8');
  return text.startsWith(`${UNIT_MARK}\n`) ? { is: 'ours', text } : { is: 'file' };
}

/** @throws QplugError `unit-not-ours`, once for each */
function refuseForeign(all: readonly (readonly [path: string, there: Present | undefined])[]): void {
  const [first, ...rest] = all.flatMap(([path, there]) =>
    there === undefined || there.is === 'nothing' || there.is === 'ours'
      ? []
      : finding('unit-not-ours', { path, is: there.is }),
  );
  if (first !== undefined) throw new QplugError([first, ...rest]);
}

/** @returns the names of enabled units: `systemctl enable` links them into `TARGET.wants`; of a template its instances */
function enabledIn(folder: string, names: readonly string[]): string[] {
  const linked = readNames(folder)
    .filter((name) => name.endsWith('.wants') || name.endsWith('.requires'))
    .flatMap((name) => readNames(join(folder, name)));
  const isOurs = (name: string): boolean => names.includes(name) || names.includes(name.replace(/@.*\./, '@.'));
  return [...new Set(linked.filter(isOurs))].sort();
}

function readNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

/** @throws QplugError `unit-unwritable` for what the system or `openPlace` refuses */
function usable<T>(folder: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const reason = refusalOfPlace(error);
    if (reason === undefined) throw error;
    throw fail('unit-unwritable', { folder, reason }, { cause: error });
  }
}
