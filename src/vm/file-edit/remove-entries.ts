import { editVmFile, type VmFile } from '../../config/index.js';
import { type Finding, finding, throwErrors } from '../../diag/index.js';
import {
  type HostDevice,
  type HostInventory,
  isSelector,
  labelOf,
  matchSelector,
  parseSelector,
  requireSelector,
  selectOne,
  selectorFault,
} from '../../host/index.js';
import { checkGuest } from '../../launcher/index.js';
import { emulatedModel, parseDeviceId } from '../../qdev/index.js';
import {
  covers,
  type EditedFile,
  type Entry,
  entriesForDevice,
  entriesIn,
  type FileEdit,
  reportEntry,
} from './file-entries.js';

/** A word of a command line, and the device that it matches. */
export interface LeavingWord {
  readonly word: string;
  /** The host device that it matches in the running VM. */
  readonly hostDevice: HostDevice | undefined;
  /** Whether the file may lack it without an error. */
  readonly optional: boolean;
  /** The finding that the running VM lacks it, if qplug looked there. */
  readonly absent?: Finding | undefined;
}

/**
 * Plans the change of a VM file that removes devices from its next start. Removes only an entry that matches no other device.
 *
 * @param words - ids, or selectors of host devices
 * @throws QplugError `not-in-file`, `entry-ambiguous`, `entry-broad`, `selector-ambiguous` · as `editVmFile`
 */
export async function planFileDetach(
  { text, path, file }: EditedFile,
  words: readonly LeavingWord[],
  inventory: HostInventory,
): Promise<FileEdit> {
  const findings: Finding[] = [];
  const leaving = new Map<number, Entry>();
  for (const { word, hostDevice, optional, absent } of words) {
    const meant = entriesFor(word, hostDevice, file, inventory);
    const [entry] = meant;
    if (absent !== undefined) findings.push(entry === undefined ? absent : { ...absent, severity: 'note' });
    if (entry === undefined) {
      const entries = file.usb.devices.map((wish) => (wish.kind === 'host' ? wish.select : wish.id));
      findings.push(
        finding('not-in-file', { selector: word, path, entries }, { severity: optional ? 'note' : 'error' }),
      );
    } else if (meant.length > 1) {
      const lines = meant.map(({ wish }) => file.locate(wish.pointer).line);
      findings.push(finding('entry-ambiguous', { selector: word, path, lines }));
    } else {
      findings.push(...othersOf(entry, file, path, inventory));
      leaving.set(entry.index, entry);
    }
  }
  throwErrors(findings);
  if (leaving.size === 0) return { splices: undefined, entries: [], findings };
  const made = await editVmFile(
    { text, path, file },
    { remove: [...leaving.keys()] },
    { checkSelector: selectorFault, checkGuest },
  );
  const entries = [...leaving.values()].map((one) => reportEntry('removed', one, file));
  return { splices: made.splices, entries, findings };
}

function entriesFor(word: string, hostDevice: HostDevice | undefined, file: VmFile, inventory: HostInventory): Entry[] {
  const all = entriesIn(file);
  const named = all.filter(({ wish }) => wish.kind === 'emulated' && wish.id === word);
  if (named.length > 0) return named;
  if (hostDevice !== undefined) return entriesForDevice(hostDevice, file, inventory);
  // `attach --emulated` chooses ids that no file may use
  const model = /^qplug-(.+?)(?:_\d+)?$/.exec(word)?.[1] ?? '';
  if (emulatedModel(model) !== undefined) {
    return all.filter(({ wish }) => wish.kind === 'emulated' && wish.model === model && isPlain(wish));
  }
  const was = parseDeviceId(word);
  if (was !== undefined) {
    const there = inventory.devices.find(
      ({ port, vendorId, productId }) => port === was.port && vendorId === was.vendorId && productId === was.productId,
    );
    return there === undefined ? [] : entriesForDevice(there, file, inventory);
  }
  const selector = parseSelector(word);
  if (!isSelector(selector)) return [];
  if (matchSelector(selector, inventory).length > 0) {
    return entriesForDevice(selectOne(selector, inventory), file, inventory);
  }
  // not plugged in: looks for an entry with the same meaning
  return all.filter(({ wish }) => {
    if (wish.kind !== 'host' || !covers(wish.select, selector)) return false;
    return covers(word, requireSelector(wish.select));
  });
}

function isPlain({ drive, properties }: { drive: unknown; properties: object }): boolean {
  return drive === undefined && Object.keys(properties).length === 0;
}

/** An error if an entry matches several devices now: removing it for one device would affect the others. */
function othersOf({ wish }: Entry, file: VmFile, path: string, inventory: HostInventory): Finding[] {
  if (wish.kind === 'emulated') return [];
  const meant = matchSelector(requireSelector(wish.select), inventory);
  if (meant.length < 2) return [];
  const { line } = file.locate(wish.pointer);
  return [finding('entry-broad', { entry: wish.select, path, line, others: meant.map(labelOf) })];
}
