import { isUtf8 } from 'node:buffer';
import { parseInterfaceName, parsePortName } from '../names/index.js';
import type { RecordedEntry, Recording } from './recorded-sysfs.js';
import { DEVICES, type SysfsReader } from './sysfs-reader.js';

/** More than the decoder reads today, so that old recordings can answer later questions. */
const DEVICE_ATTRIBUTES: readonly string[] = [
  'authorized',
  'bConfigurationValue',
  'bDeviceClass',
  'bDeviceProtocol',
  'bDeviceSubClass',
  'bMaxPower',
  'bNumConfigurations',
  'bNumInterfaces',
  'bcdDevice',
  'bmAttributes',
  'busnum',
  'descriptors',
  'devnum',
  'devpath',
  'idProduct',
  'idVendor',
  'manufacturer',
  'maxchild',
  'product',
  'removable',
  'rx_lanes',
  'serial',
  'speed',
  'tx_lanes',
  'version',
];
const INTERFACE_ATTRIBUTES: readonly string[] = [
  'authorized',
  'bAlternateSetting',
  'bInterfaceClass',
  'bInterfaceNumber',
  'bInterfaceProtocol',
  'bInterfaceSubClass',
  'bNumEndpoints',
];
const PORT_ATTRIBUTES: readonly string[] = ['connect_type', 'location'];

/**
 * Records the USB part of a host, for a bug report or a test. The recording contains serial numbers and names.
 *
 * @param about - a word on where it comes from
 */
export function recordSysfs(reader: SysfsReader, about?: string): Recording {
  const sys: Record<string, RecordedEntry> = {};
  const nodes: Record<string, 'usable' | 'denied'> = {};
  const keep = (path: string): void => {
    const entry = entryOf(reader, path);
    if (entry !== undefined) sys[path] = entry;
  };
  const keepAll = (folder: string, names: readonly string[]): void => {
    for (const name of names) keep(`${folder}/${name}`);
  };
  for (const name of [...(reader.list(DEVICES) ?? [])].sort()) {
    const path = `${DEVICES}/${name}`;
    keep(path);
    if (parseInterfaceName(name) !== undefined) {
      keepAll(path, [...INTERFACE_ATTRIBUTES, 'driver']);
      for (const port of (reader.list(path) ?? []).filter((one) => /-port\d+$/.test(one))) {
        keepAll(`${path}/${port}`, [...PORT_ATTRIBUTES, 'peer']);
      }
    } else if (parsePortName(name) !== undefined) {
      keepAll(path, [...DEVICE_ATTRIBUTES, 'driver', 'port', 'port/peer']);
      const node = nodeOf(sys, path);
      const access = node === undefined ? 'missing' : reader.access(node);
      if (node !== undefined && (access === 'usable' || access === 'denied')) nodes[node] = access;
    }
  }
  return { schema: 'qplug-host-recording-1', ...(about === undefined ? {} : { about }), sys, nodes };
}

function entryOf(reader: SysfsReader, path: string): RecordedEntry | undefined {
  const link = reader.link(path);
  if (link !== undefined) return { link };
  try {
    const bytes = reader.bytes(path);
    if (bytes === undefined) return undefined;
    const buffer = Buffer.from(bytes);
    return !path.endsWith('/descriptors') && isUtf8(buffer)
      ? { text: buffer.toString('utf8') }
      : { base64: buffer.toString('base64') };
  } catch {
    return undefined;
  }
}

function nodeOf(sys: Readonly<Record<string, RecordedEntry>>, path: string): string | undefined {
  const number = (attribute: string): string | undefined => {
    const entry = sys[`${path}/${attribute}`];
    return entry !== undefined && 'text' in entry ? entry.text.trim().padStart(3, '0') : undefined;
  };
  const bus = number('busnum');
  const address = number('devnum');
  return bus === undefined || address === undefined ? undefined : `bus/usb/${bus}/${address}`;
}
