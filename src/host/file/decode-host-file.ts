import { constants, gunzipSync } from 'node:zlib';
import { type EvidenceByCode, fail, finding, QplugError } from '../../diag/index.js';
import { parsePortName, type UsbIds } from '../names/index.js';
import { DEVICES, parseRecording, readInventory, recordedSysfs, type SysfsReader } from '../sysfs/index.js';
import type { HostInventory } from '../usb-device.js';
import { type DescribedDevice, hostDeviceOf, withDescribedClasses } from './described-device.js';
import { readDevicesDocument } from './document.js';
import { FileFindings, type HostFileFormat } from './file-findings.js';
import { type FoundDevice, fileInventory } from './file-inventory.js';
import { readListing } from './listing/index.js';
import { readLsusb } from './lsusb/index.js';
import { FileTree, isTar, readTar, readUmockdev, sysfsRoot, treeSysfs, withoutFilling } from './recording/index.js';
import { decodeText, PlainText } from './text/index.js';
import type { TextLine } from './text-line.js';

type Guess = EvidenceByCode['host-file-unknown']['guess'];

/** The most bytes to which an archive may unpack. */
const MOST_UNPACKED = 128 << 20;

/** 64 buses with 64 devices each; no real host has more. */
const MOST_DEVICES = 4096;

/** The first bytes of files that other programs packed. */
const PACKED: readonly (readonly [Guess, readonly number[]])[] = [
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
];

/**
 * Reads a file that describes the USB devices of a host. The content decides what kind of file it is, not the name: the output of `qplug
 * devices --json`, the kernel's listing or that of usb-devices, the output of `lsusb -v`, a tar archive of /sys/bus/usb (packed with gzip
 * or not), a recording of sysfs, or a recording of umockdev-record. The bytes are not trusted. Whatever they are, the function returns or
 * throws a QplugError, in time that grows with their number.
 *
 * @param bytes - the whole file
 * @param file - its name, for messages
 * @param ids - gives the names that the file does not contain
 * @returns the devices; `findings` reports what could not be used, with its line, and what this kind of file does not contain
 * @throws QplugError `host-file-unknown`, `host-file-too-big`, `recording-invalid`
 */
export function decodeHostFile(bytes: Uint8Array, file: string, ids: UsbIds): HostInventory {
  const findings = new FileFindings(file);
  const unpacked = bytes[0] === 0x1f && bytes[1] === 0x8b ? unpack(bytes, findings) : bytes;
  const packed = PACKED.find(([, magic]) => magic.every((byte, index) => unpacked[index] === byte));
  if (packed !== undefined) throw unknown(file, packed[0], findings);
  if (isTar(unpacked)) {
    const tree = new FileTree(findings);
    readTar(unpacked, tree, findings);
    const root = sysfsRoot(tree);
    if (root === undefined) throw unknown(file, 'no-devices-folder', findings);
    return decodeSysfs(treeSysfs(tree, root), findings, ids);
  }
  const text = decodeText(unpacked);
  if (text.trim() === '') throw unknown(file, 'empty', findings);
  if (text.includes('\0')) throw unknown(file, 'nothing', findings);
  return /^\s*\{/.test(text) ? decodeJson(text, findings, ids) : decodePlainText(new PlainText(text), findings, ids);
}

/**
 * Reads a copy of sysfs.
 *
 * @throws QplugError `host-file-unknown`
 */
export function decodeSysfs(reader: SysfsReader, findings: FileFindings, ids: UsbIds): HostInventory {
  const found = sysfsDevices(withoutFilling(reader), findings, ids);
  if (found.length === 0) throw unknown(findings.file, 'links-only', findings);
  return inventoryOf(found, 'sysfs', findings);
}

/** @returns the devices of a sysfs; an entry without a number cannot be a device and becomes a finding */
function sysfsDevices(reader: SysfsReader, findings: FileFindings, ids: UsbIds): readonly FoundDevice[] {
  const { devices, hubs } = readInventory(reader, { ids });
  const all = [...devices, ...hubs];
  const read = new Set(all.map(({ port }) => port));
  for (const name of reader.list(DEVICES) ?? []) {
    if (parsePortName(name) !== undefined && !read.has(name)) findings.archive('no-number', `${DEVICES}/${name}`);
  }
  return all.map((device) => ({ device }));
}

function unpack(bytes: Uint8Array, findings: FileFindings): Uint8Array {
  const options = { maxOutputLength: MOST_UNPACKED };
  try {
    return gunzipSync(bytes, options);
  } catch (error) {
    if (isTooBig(error)) throw tooBig(findings.file);
    findings.archive('packed', (error as Error).message);
  }
  try {
    // the end is missing, but what came before it is usable
    return gunzipSync(bytes, { ...options, finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    throw isTooBig(error) ? tooBig(findings.file) : unknown(findings.file, 'nothing', findings);
  }
}

function isTooBig(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
}

function tooBig(file: string): QplugError {
  return fail('host-file-too-big', { file, limit: MOST_UNPACKED, unpacked: true });
}

function unknown(file: string, guess: Guess, findings: FileFindings): QplugError {
  return new QplugError([finding('host-file-unknown', { file, guess }), ...findings.all()]);
}

function decodeJson(text: string, findings: FileFindings, ids: UsbIds): HostInventory {
  const { file } = findings;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    findings.document('the whole file', (error as Error).message);
    throw unknown(file, 'json-syntax', findings);
  }
  switch ((value as { readonly schema?: unknown }).schema) {
    case 'urn:qplug:devices:1':
      return inventoryOf(readDevicesDocument(value, findings), 'devices-json', findings);
    case 'qplug-host-recording-1': {
      const reader = { ...recordedSysfs(parseRecording(text, file)), access: () => 'unknown' as const };
      return inventoryOf(sysfsDevices(reader, findings, ids), 'recording', findings);
    }
    default:
      throw unknown(file, 'other-json', findings);
  }
}

type TextFormat = 'usb-devices' | 'lsusb' | 'umockdev';

/** Lines that occur in only one kind of text. */
const KINDS: readonly (readonly [format: TextFormat, line: RegExp])[] = [
  ['usb-devices', /^\s*T:\s*Bus=/],
  ['lsusb', /^\s*Device Descriptor:/],
  ['umockdev', /^\s*P: \/devices\//],
];

function decodePlainText(text: PlainText, findings: FileFindings, ids: UsbIds): HostInventory {
  const { format, other, guess } = kindOf(text);
  if (guess === 'json') return decodeJson(Array.from(text.lines(), (line) => line.text).join('\n'), findings, ids);
  if (format === undefined) throw unknown(findings.file, guess, findings);
  if (other !== undefined) findings.line('other-kind', other);
  const lines = text.lines(findings);
  switch (format) {
    case 'usb-devices':
      return described(readListing(lines, findings), format, findings, ids);
    case 'lsusb': {
      const { devices, ids: own } = readLsusb(lines, findings);
      const both: UsbIds = {
        vendor: (vendor) => own.vendor(vendor) ?? ids.vendor(vendor),
        product: (vendor, product) => own.product(vendor, product) ?? ids.product(vendor, product),
      };
      return described(devices, format, findings, both);
    }
    case 'umockdev': {
      const found = readUmockdev(lines, findings).flatMap(({ reader, lines: begins }) =>
        sysfsDevices(reader, findings, ids).map(({ device }) => ({
          device: withDescribedClasses(device),
          line: begins.get(device.port),
        })),
      );
      return inventoryOf(found, format, findings);
    }
  }
}

interface FormatFound {
  readonly format: TextFormat | undefined;
  /** The first line of another kind; that kind is not read. */
  readonly other: TextLine | undefined;
  /** What the text may be if it is of none of these kinds. */
  readonly guess: Guess | 'json';
}

/** @returns the kind of the first line that occurs in only one kind of text */
function kindOf(text: PlainText): FormatFound {
  let format: TextFormat | undefined;
  let guess: FormatFound['guess'] | undefined;
  for (const line of text.lines()) {
    const kind = KINDS.find(([, pattern]) => pattern.test(line.text))?.[0];
    if (format === undefined) format = kind;
    else if (kind !== undefined && kind !== format) return { format, other: line, guess: 'nothing' };
    if (format !== undefined) continue;
    if (guess === undefined && line.text.trimStart().startsWith('{')) guess = 'json';
    if (/^\s*\/:\s+Bus /.test(line.text) && guess !== 'json') guess = 'lsusb-tree';
    if (/^\s*Bus \d+ Device \d+: ID /.test(line.text)) guess ??= 'lsusb-short';
  }
  return { format, other: undefined, guess: guess ?? 'nothing' };
}

function described(
  devices: readonly DescribedDevice[],
  format: HostFileFormat,
  findings: FileFindings,
  ids: UsbIds,
): HostInventory {
  const found = devices.map((one) => ({ device: hostDeviceOf(one, ids), line: one.line }));
  return inventoryOf(found, format, findings);
}

function inventoryOf(found: readonly FoundDevice[], format: HostFileFormat, findings: FileFindings): HostInventory {
  if (found.length === 0) throw unknown(findings.file, 'no-devices', findings);
  if (found.length > MOST_DEVICES) throw unknown(findings.file, 'too-many-devices', findings);
  return fileInventory(found, format, findings);
}
