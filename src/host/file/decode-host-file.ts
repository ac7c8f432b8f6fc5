import { constants, gunzipSync } from 'node:zlib';
import { type EvidenceByCode, type Finding, fail, finding, QplugError } from '../../diag/index.js';
import { readInventory } from '../inventory.js';
import { parseRecording, recordedSysfs } from '../recorded-sysfs.js';
import type { SysfsReader } from '../sysfs-reader.js';
import type { HostDevice, HostInventory } from '../usb-device.js';
import type { UsbIds } from '../usb-ids.js';
import { type DescribedDevice, hostDeviceOf, inOrder } from './described-device.js';
import { readDevicesDocument } from './document.js';
import { FileFindings, type HostFileFormat } from './file-findings.js';
import { FileTree, sysfsRoot, treeSysfs } from './file-tree.js';
import { readListing } from './listing.js';
import { readLsusb } from './lsusb.js';
import { isTar, readTar } from './tar.js';
import { withoutFilling } from './tar-filling.js';
import { textLines } from './text-lines.js';

type Guess = EvidenceByCode['host-file-unknown']['guess'];

/** What an archive may unpack to, in bytes. */
const MOST_UNPACKED = 128 << 20;

/** 64 buses with 64 devices each; more is no host. */
const MOST_DEVICES = 4096;

/** What begins a file that another program packed. */
const PACKED: readonly (readonly [Guess, readonly number[]])[] = [
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
];

/**
 * Reads a file that describes the USB devices of a host. What it is shows in its content, not in its name: what `qplug devices
 * --json` prints, the kernel's listing or that of usb-devices, the output of `lsusb -v`, a tar archive of /sys/bus/usb (packed with
 * gzip or not), or a recording of sysfs. The bytes are not trusted: whatever they are, it returns or throws a QplugError, in time
 * that grows with their number.
 *
 * @param bytes - the whole file
 * @param file - its name, for messages
 * @param ids - where names come from that the file does not tell
 * @returns the devices; `findings` has what could not be used, with its line, and what this kind of file does not tell
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
  const text = new TextDecoder('utf-8').decode(unpacked);
  if (text.trim() === '') throw unknown(file, 'empty', findings);
  if (text.includes('\0')) throw unknown(file, 'nothing', findings);
  return /^\s*\{/.test(text) ? decodeJson(text, findings, ids) : decodeText(text, findings, ids);
}

/**
 * Reads what was copied of sysfs.
 *
 * @throws QplugError `host-file-unknown`
 */
export function decodeSysfs(reader: SysfsReader, findings: FileFindings, ids: UsbIds): HostInventory {
  const inventory = readInventory(withoutFilling(reader), { ids });
  const devices = [...inventory.devices, ...inventory.hubs];
  if (devices.length === 0) throw unknown(findings.file, 'links-only', findings);
  return inventoryOf(devices, 'sysfs', findings);
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
    // what came before the end that is missing is of use
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
      const { devices, hubs } = readInventory(reader, { ids });
      return inventoryOf([...devices, ...hubs], 'recording', findings);
    }
    default:
      throw unknown(file, 'other-json', findings);
  }
}

/** Lines that only one kind of text has. */
const KINDS: readonly (readonly [format: 'usb-devices' | 'lsusb', line: RegExp])[] = [
  ['usb-devices', /^[> \t]*T:[ \t]*Bus=/m],
  ['lsusb', /^[ \t]*Device Descriptor:/m],
];

function decodeText(text: string, findings: FileFindings, ids: UsbIds): HostInventory {
  const [found] = KINDS.map(([format, line]) => ({ format, at: text.search(line) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at);
  if (found === undefined) {
    const short = /^\s*Bus \d+ Device \d+: ID /m.test(text);
    const tree = /^\s*\/:\s+Bus /m.test(text);
    throw unknown(findings.file, tree ? 'lsusb-tree' : short ? 'lsusb-short' : 'nothing', findings);
  }
  const lines = textLines(text, findings);
  if (found.format === 'usb-devices') return described(readListing(lines, findings), found.format, findings, ids);
  const { devices, ids: own } = readLsusb(lines, findings);
  const both: UsbIds = {
    vendor: (vendor) => own.vendor(vendor) ?? ids.vendor(vendor),
    product: (vendor, product) => own.product(vendor, product) ?? ids.product(vendor, product),
  };
  return described(devices, found.format, findings, both);
}

function described(
  devices: readonly DescribedDevice[],
  format: HostFileFormat,
  findings: FileFindings,
  ids: UsbIds,
): HostInventory {
  const ports = new Set<string>();
  const made = devices
    .map((device) => hostDeviceOf(device, ids))
    .filter(({ port }) => !ports.has(port) && ports.add(port));
  return inventoryOf(made, format, findings);
}

function inventoryOf(all: readonly HostDevice[], format: HostFileFormat, findings: FileFindings): HostInventory {
  if (all.length === 0) throw unknown(findings.file, 'no-devices', findings);
  if (all.length > MOST_DEVICES) throw unknown(findings.file, 'too-many-devices', findings);
  const sorted = [...all].sort(inOrder);
  const [devices, hubs] = [sorted.filter((one) => !one.isHub), sorted.filter((one) => one.isHub)];
  findings.untold(format, untoldOf(sorted, format));
  return { devices, hubs, findings: findings.all() satisfies readonly Finding[] };
}

function untoldOf(
  devices: readonly HostDevice[],
  format: HostFileFormat,
): EvidenceByCode['host-file-untold']['untold'] {
  const told = format === 'devices-json' || format === 'recording';
  const twoHalves = devices.some(({ chain, megabits = 0, isHub }) => isHub && chain.length === 0 && megabits >= 5000);
  return [
    ...(devices.some(({ port }) => port.startsWith('@')) ? (['ports'] as const) : []),
    ...(devices.some(({ controller }) => controller === 'unknown') ? (['controllers'] as const) : []),
    ...(!told && twoHalves && devices.every(({ peer }) => peer === undefined) ? (['halves'] as const) : []),
  ];
}
