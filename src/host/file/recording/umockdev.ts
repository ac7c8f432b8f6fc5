import { parseInterfaceName, parsePortName } from '../../names/index.js';
import { DEVICES, type SysfsReader } from '../../sysfs/index.js';
import type { FileFindings } from '../file-findings.js';
import type { TextLine } from '../text-line.js';
import { FileTree, treeSysfs } from './file-tree.js';
import { type RecordedDevice, UmockdevReader } from './umockdev-reader.js';

/** A sysfs with devices of a recording, no two of which have the same port. */
export interface RecordedTree {
  readonly reader: SysfsReader;
  /** Where each device begins in the file, by its name in sysfs. */
  readonly lines: ReadonlyMap<string, TextLine>;
}

/**
 * Reads all recordings of umockdev-record in a file. If two devices of the file were at the same port, at different times or on different
 * hosts, the second one goes into another tree.
 *
 * @returns the trees, in the order of the file
 */
export function readUmockdev(lines: Iterable<TextLine>, findings: FileFindings): readonly RecordedTree[] {
  const reader = new UmockdevReader(findings);
  for (const line of lines) reader.read(line);
  const layers: Map<string, RecordedDevice>[] = [];
  for (const device of reader.devices()) {
    const name = device.path.slice(device.path.lastIndexOf('/') + 1);
    if (parsePortName(name) === undefined && parseInterfaceName(name) === undefined) continue;
    let layer = layers.find((one) => !one.has(name));
    if (layer === undefined) {
      layer = new Map();
      layers.push(layer);
    }
    layer.set(name, device);
  }
  return layers.map((layer) => treeOf(layer, findings));
}

function treeOf(layer: ReadonlyMap<string, RecordedDevice>, findings: FileFindings): RecordedTree {
  const tree = new FileTree(findings);
  for (const [name, device] of layer) {
    tree.add(`${DEVICES}/${name}`, { link: `/${device.path}` });
    const files = new Map([...impliedFiles(device), ...device.files]);
    const links = new Map([...impliedLinks(device), ...device.links]);
    for (const [file, bytes] of files) tree.add(`${device.path}/${file}`, { bytes });
    for (const [link, target] of links) tree.add(`${device.path}/${link}`, { link: target });
  }
  return {
    reader: treeSysfs(tree, ''),
    lines: new Map([...layer].map(([name, { line }]) => [name, line])),
  };
}

/** Files whose content udev and the device node also give, for a recording that lacks the files. */
function impliedFiles({ properties, node }: RecordedDevice): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const say = (file: string, text: string | undefined): void => {
    if (text !== undefined) files.set(file, Buffer.from(text));
  };
  const [, bus, number] =
    /^(?:\/dev\/)?bus\/usb\/(\d{3})\/(\d{3})$/.exec(node?.path ?? properties.get('DEVNAME') ?? '') ?? [];
  say('busnum', plainNumber(properties.get('BUSNUM') ?? bus));
  say('devnum', plainNumber(properties.get('DEVNUM') ?? number));
  const [, vendor, product] = /^([\da-f]{1,4})\/([\da-f]{1,4})\//i.exec(properties.get('PRODUCT') ?? '') ?? [];
  say('idVendor', (properties.get('ID_VENDOR_ID') ?? vendor)?.padStart(4, '0'));
  say('idProduct', (properties.get('ID_MODEL_ID') ?? product)?.padStart(4, '0'));
  say('bDeviceClass', hexOf(properties.get('TYPE')));
  say('bInterfaceClass', hexOf(properties.get('INTERFACE')));
  if (node?.bytes !== undefined) files.set('descriptors', node.bytes);
  return files;
}

function impliedLinks({ properties }: RecordedDevice): Map<string, string> {
  const driver = properties.get('DRIVER');
  return driver === undefined ? new Map() : new Map([['driver', `/bus/usb/drivers/${driver}`]]);
}

/** Turns the padded numbers of udev into plain ones: 024 into 24. */
function plainNumber(text: string | undefined): string | undefined {
  return text === undefined || !/^\d{1,9}$/.test(text) ? undefined : String(Number(text));
}

/** @returns the first of the decimal numbers in `9/0/1`, in the form in which sysfs writes a class */
function hexOf(text: string | undefined): string | undefined {
  const first = /^(\d{1,3})\//.exec(text ?? '')?.[1];
  return first === undefined ? undefined : Number(first).toString(16).padStart(2, '0');
}
