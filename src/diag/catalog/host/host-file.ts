import type { Text } from '../../finding.js';
import { advice, type Fix, sh } from '../../fix.js';
import { printable } from '../../printable.js';

/** `text`: the line. `told` and `seen`: the two values in the words of the problem. */
interface HostFileLine {
  problem: LineProblem;
  text: string;
  field: string | undefined;
  told: number | string | undefined;
  seen: number | string | undefined;
}

interface HostFileArchive {
  file: string;
  problem: ArchiveProblem;
  at: number | string;
}

/** What is wrong with one line. */
export type LineProblem =
  | 'unknown-line'
  | 'too-long'
  | 'field-missing'
  | 'field-value'
  | 'field-range'
  | 'rest'
  | 'misplaced'
  | 'parent-missing'
  | 'level'
  | 'port-beyond'
  | 'twice'
  | 'port-twice'
  | 'number-twice'
  | 'left-out'
  | 'no-root-hub'
  | 'indentation-lost'
  | 'other-kind'
  | 'setting-twice'
  | 'label'
  | 'endpoint-count'
  | 'interface-count'
  | 'configuration-count'
  | 'packet-size'
  | 'identity'
  | 'string-cut'
  | 'truncated'
  | 'tree-only';

/** What is wrong with an archive. */
export type ArchiveProblem = 'checksum' | 'cut-off' | 'number' | 'packed' | 'loop' | 'too-many' | 'no-number';

/** What a file is that does not describe a host. */
export type HostFileGuess =
  | 'nothing'
  | 'empty'
  | 'lsusb-short'
  | 'lsusb-tree'
  | 'other-json'
  | 'json-syntax'
  | 'xz'
  | 'bzip2'
  | 'zstd'
  | 'zip'
  | 'links-only'
  | 'no-devices-folder'
  | 'no-devices'
  | 'too-many-devices';

/** The formats that qplug reads, for people. */
const FORMATS =
  'qplug reads: the output of qplug devices --json; the text of /sys/kernel/debug/usb/devices or /proc/bus/usb/devices; the output of usb-devices or of lsusb -v; a tar archive or folder of /sys/bus/usb; a recording of sysfs, or of umockdev-record';

const GUESSES: Readonly<Record<HostFileGuess, { readonly why: string; readonly fix?: () => Fix | undefined }>> = {
  nothing: { why: FORMATS },
  empty: { why: `it is empty; ${FORMATS}` },
  'lsusb-short': { why: 'lsusb without -v prints no descriptors', fix: () => sh`(lsusb -v; lsusb -t) > host.txt` },
  'lsusb-tree': { why: 'lsusb -t alone prints no descriptors', fix: () => sh`(lsusb -v; lsusb -t) > host.txt` },
  'other-json': { why: `it is JSON of another kind; ${FORMATS}` },
  'json-syntax': { why: 'it begins like JSON, but is not valid JSON' },
  xz: { why: 'it is packed with xz', fix: () => advice('unpack it with xz -d, or pack it with gzip') },
  bzip2: { why: 'it is packed with bzip2', fix: () => advice('unpack it with bzip2 -d, or pack it with gzip') },
  zstd: { why: 'it is packed with zstd', fix: () => advice('unpack it with zstd -d, or pack it with gzip') },
  zip: { why: 'it is a zip archive', fix: () => advice('unpack it and give the folder') },
  'links-only': {
    why: 'the links in /sys/bus/usb/devices point outside the archive: their targets were not packed',
    fix: () => sh`tar czf usb.tgz /sys/bus/usb/devices $(readlink -f /sys/bus/usb/devices/usb*)`,
  },
  'no-devices-folder': {
    why: 'it has no folder bus/usb/devices',
    fix: () => sh`tar czf usb.tgz /sys/bus/usb/devices $(readlink -f /sys/bus/usb/devices/usb*)`,
  },
  'no-devices': { why: 'it has no readable USB device' },
  'too-many-devices': { why: 'it has more devices than 64 buses can have' },
};

export const hostFile = {
  'host-file-missing': {
    kind: 'usage',
    text: ({ file }: { file: string }): Text => ({ what: `there is no ${printable(file)}`, why: FORMATS }),
  },
  'host-file-unreadable': {
    kind: 'usage',
    text: ({ file, reason }: { file: string; reason: string }): Text => ({
      what: `can't read ${printable(file)}`,
      why: printable(reason),
    }),
  },
  /** `limit` in bytes; `unpacked`: the limit applies to the unpacked archive. */
  'host-file-too-big': {
    kind: 'usage',
    text: ({ file, limit, unpacked }: { file: string; limit: number; unpacked: boolean }): Text => ({
      what: `${printable(file)} is too big to describe a host`,
      why: `${unpacked ? 'it unpacks to' : 'it has'} more than ${limit / (1 << 20)} MiB`,
    }),
  },
  'host-file-unknown': {
    kind: 'usage',
    text: ({ file, guess }: { file: string; guess: HostFileGuess }): Text => ({
      what: `${printable(file)} does not describe a host`,
      why: GUESSES[guess].why,
      fix: GUESSES[guess].fix?.(),
    }),
  },
  'host-file-line': {
    kind: 'usage',
    text: (e: HostFileLine): Text => ({
      what: `problem in the line "${printable(e.text.trim(), 100)}"`,
      why: lineWhy(e),
    }),
  },
  'host-file-archive': {
    kind: 'usage',
    text: (e: HostFileArchive): Text => ({
      what: `${printable(e.file)} is damaged`,
      where: typeof e.at === 'number' ? `byte ${e.at}` : e.problem === 'packed' ? undefined : printable(e.at, 160),
      why: archiveWhy(e),
    }),
  },
  /** `where`: the path of the wrong value, such as `devices[2].megabits`. */
  'host-document-invalid': {
    kind: 'usage',
    text: ({ file, where, reason }: { file: string; where: string; reason: string }): Text => ({
      what: `${printable(file)} is not a document of qplug devices --json`,
      where: printable(where, 160),
      why: printable(reason),
    }),
  },
  'host-file-more': {
    kind: 'usage',
    text: ({ file, others }: { file: string; others: number }): Text => ({
      what: `${printable(file)} has ${others} more such lines`,
    }),
  },
} as const;

function lineWhy({ problem, field = '', told = '', seen = '' }: HostFileLine): string {
  const name = printable(String(field), 40);
  const one = printable(String(told), 60);
  const two = printable(String(seen), 60);
  switch (problem) {
    case 'unknown-line':
      return 'it is not a line of this format';
    case 'too-long':
      return `it is longer than ${one} characters`;
    case 'field-missing':
      return `${name} is missing here`;
    case 'field-value':
      return `${name} has an invalid value`;
    case 'field-range':
      return `${name} must be from ${one} to ${two}`;
    case 'rest':
      return 'it has extra text at its end';
    case 'misplaced':
      return `no ${name} that it belongs to comes before it`;
    case 'parent-missing':
      return `no hub with number ${one} on bus ${two} comes before it`;
    case 'level':
      return `it is on level ${one}, but its hub is on level ${two}`;
    case 'port-beyond':
      return `it is on port ${one}, but its hub has only ${two}`;
    case 'twice':
      return `line ${one} describes the same device`;
    case 'port-twice':
      return `the device in line ${one} already has this port: qplug shows this one by its number`;
    case 'number-twice':
      return `the device in line ${one} has the same number`;
    case 'left-out':
      return `the device in line ${one} has the same number, and no port distinguishes the two: qplug leaves this one out`;
    case 'no-root-hub':
      return 'it is on level 0, the level of root hubs, but is not a hub';
    case 'indentation-lost':
      return 'the indentation of lsusb -t is lost, and nothing else shows which hub a device is plugged into';
    case 'other-kind':
      return 'its format differs from the lines before it: qplug reads one format from a file';
    case 'setting-twice':
      return `interface ${one} has alternate setting ${two} twice`;
    case 'label':
      return `${name} is ${one}, not "${two}"`;
    case 'endpoint-count':
      return `it says that ${one} endpoints follow, but ${two} do`;
    case 'interface-count':
      return `it says that ${one} interfaces follow, but ${two} do`;
    case 'configuration-count':
      return `it says that ${one} configurations follow, but ${two} do`;
    case 'packet-size':
      return `no endpoint has packets of ${one} bytes`;
    case 'identity':
      return `it is ${one} here, but ${two} above`;
    case 'string-cut':
      return 'the kernel cuts text at this length: the rest may be missing';
    case 'truncated':
      return 'the kernel had no room for the rest of this device';
    case 'tree-only':
      return 'this device is in the tree, but its descriptors are not in the file';
  }
}

function archiveWhy({ problem, at }: HostFileArchive): string {
  switch (problem) {
    case 'checksum':
      return 'this is not the header of a file: the rest of the archive is unreadable';
    case 'cut-off':
      return 'the archive ends in the middle of a file';
    case 'number':
      return 'a size is not a number: the rest of the archive is unreadable';
    case 'packed':
      return `can't unpack it: ${printable(String(at), 120)}`;
    case 'loop':
      return 'its links form a loop';
    case 'too-many':
      return 'it has more files than any host: qplug leaves the rest out';
    case 'no-number':
      return 'its devnum is missing, so qplug leaves it out';
  }
}
