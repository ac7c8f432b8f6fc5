import { deniedFindings } from '../../access/index.js';
import { editVmFile, type NewEntry, type VmFile } from '../../config/index.js';
import { type Finding, finding, QplugError, throwErrors } from '../../diag/index.js';
import {
  type HostDevice,
  type HostInventory,
  lastingSelector,
  requireSelector,
  type Selector,
  selectOne,
  selectorFault,
} from '../../host/index.js';
import { checkGuest } from '../../launcher/index.js';
import type { AttachRequest } from '../plan/index.js';
import {
  covers,
  type EditedFile,
  type Entry,
  entriesForDevice,
  entriesForSelector,
  entriesIn,
  type FileEdit,
  type FileEntry,
  reportEntry,
} from './file-entries.js';

/**
 * Plans the change of a VM file that adds devices to its next start, each by a lasting selector. An existing entry stays as it is.
 *
 * @param text - the file's contents
 * @param path - the file, for messages
 * @throws QplugError `device-not-found` for a bus.addr that is not plugged in, `selector-ambiguous`, `device-is-hub`, `device-denied` · as
 *   `editVmFile`
 */
export async function planFileAttach(
  { text, path, vm, file }: EditedFile & { readonly vm: string },
  request: AttachRequest,
  inventory: HostInventory,
): Promise<FileEdit> {
  const findings: Finding[] = [];
  const already: FileEntry[] = [];
  const add: NewEntry[] = [];
  const meant = new Set<string>();
  const terms = termsOf(request);
  for (const typed of request.selectors) {
    const selector = requireSelector(typed);
    const device = deviceOf(selector, inventory);
    const [entry] =
      device === undefined ? entriesForSelector(selector, file) : entriesForDevice(device, file, inventory);
    const select = lastingSelector(selector, device, inventory);
    // two selectors may match one device
    const name = device?.port ?? select;
    if (meant.has(name)) continue;
    meant.add(name);
    findings.push(...permissionFindings(selector, device, { vm, file, path, inventory }));
    if (entry !== undefined) {
      already.push(reportEntry('already', entry, file));
      findings.push(...otherTerms(entry, { select, ...terms }, file, path));
    } else add.push({ select, ...terms });
  }
  throwErrors(findings);
  for (const emulated of request.emulated ?? []) add.push({ emulated, ...terms });
  if (add.length === 0) return { splices: undefined, entries: already, findings };
  const made = await editVmFile({ text, path, file }, { add }, { checkSelector: selectorFault, checkGuest });
  const added = entriesIn(made.file).slice(-add.length);
  const entries = [...already, ...added.map((one) => reportEntry('added', one, made.file))];
  return { splices: made.splices, entries, findings };
}

/** The command line's constraints as file keys; omits defaults. */
function termsOf({ controller, port, slower }: AttachRequest): Omit<NewEntry, 'select' | 'emulated'> {
  return { controller, port, slower: slower === 'allow' ? slower : undefined };
}

/** @returns the device that the selector matches; undefined if the device is not plugged in and the selector still matches it later */
function deviceOf(selector: Selector, inventory: HostInventory): HostDevice | undefined {
  try {
    return selectOne(selector, inventory);
  } catch (error) {
    const isAway = error instanceof QplugError && error.code === 'device-not-found';
    if (!isAway || selector.by === 'address') throw error;
    return undefined;
  }
}

interface FileContext {
  readonly vm: string;
  readonly file: VmFile;
  readonly path: string;
  readonly inventory: HostInventory;
}

/** @returns findings if the file denies the device to its VM, or if that is uncertain because the device is not plugged in */
function permissionFindings(
  selector: Selector,
  device: HostDevice | undefined,
  { vm, file, path, inventory }: FileContext,
): Finding[] {
  if (device !== undefined) return deniedFindings(device, vm, file, inventory);
  const { allow, deny } = file.usb;
  const rule = deny.find((one) => covers(one, selector));
  if (rule !== undefined) return [finding('device-denied', { label: selector.text, vm, rule })];
  const away = finding('wanted-not-plugged-in', { selector: selector.text, vm }, { severity: 'note' });
  if (allow === undefined || allow.some((one) => covers(one, selector))) return [away];
  return [away, finding('allow-unsure', { selector: selector.text, path }, { severity: 'warning' })];
}

/** A warning that an existing entry gives its device other constraints than the command line; qplug does not change the entry. */
function otherTerms({ wish }: Entry, wanted: NewEntry, file: VmFile, path: string): Finding[] {
  const { controller, port, slower } = wanted;
  const same =
    (controller === undefined || controller === wish.controller) &&
    (port === undefined || port === wish.port) &&
    (slower === undefined || slower === wish.slower);
  if (same) return [];
  const terms = Object.entries({ controller, port, slower }).filter(([, value]) => value !== undefined);
  const select = wish.kind === 'host' ? wish.select : wanted.select;
  const entry = `{ select: ${select}, ${terms.map(([key, value]) => `${key}: ${value}`).join(', ')} }`;
  const { line } = file.locate(wish.pointer);
  return [finding('entry-says-otherwise', { path, line, entry }, { severity: 'warning' })];
}
