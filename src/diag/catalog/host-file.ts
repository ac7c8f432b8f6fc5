import type { Catalog, Text } from '../finding.js';
import { advice, type Fix, sh } from '../fix.js';
import { printable } from '../printable.js';

/** What a file that describes a host can be. */
export type HostFileFormat = 'devices-json' | 'recording' | 'usb-devices' | 'lsusb' | 'umockdev' | 'sysfs';

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

/** Which file a program takes that is none of ours. */
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

/** What a file does not tell of any device. */
export type Untold = 'ports' | 'controllers' | 'halves';

/** The findings of src/host/file, each with its evidence. */
export interface HostFileEvidence {
  'host-file-missing': { readonly file: string };
  'host-file-unreadable': { readonly file: string; readonly reason: string };
  /** `limit` in bytes; `unpacked`: what the archive would come to. */
  'host-file-too-big': { readonly file: string; readonly limit: number; readonly unpacked: boolean };
  'host-file-unknown': { readonly file: string; readonly guess: HostFileGuess };
  /** `told` and `seen` mean what the words say for the problem; `text` is the line. */
  'host-file-line': {
    readonly problem: LineProblem;
    readonly text: string;
    readonly field: string | undefined;
    readonly told: number | string | undefined;
    readonly seen: number | string | undefined;
  };
  'host-file-archive': { readonly file: string; readonly problem: ArchiveProblem; readonly at: number | string };
  /** `where`: the path of what is wrong, such as `devices[2].megabits`. */
  'host-document-invalid': { readonly file: string; readonly where: string; readonly reason: string };
  'host-file-more': { readonly file: string; readonly others: number };
  'host-file-untold': {
    readonly file: string;
    readonly format: HostFileFormat;
    readonly untold: readonly Untold[];
  };
  'device-partly-told': {
    readonly device: string;
    readonly id: string;
    readonly name: string;
    readonly gap: 'streams' | 'settings' | 'anything';
    /** Which QEMUs make a difference of it. */
    readonly only: 'always' | 'before-6.1';
  };
  /** `megabits` is what it is taken for. */
  'device-speed-inferred': {
    readonly device: string;
    readonly id: string;
    readonly megabits: number;
  };
  'device-speed-untold': { readonly device: string; readonly id: string; readonly format: HostFileFormat };
  'device-speed-10000': { readonly device: string; readonly id: string };
}

/** What can be given, for people. */
const FORMATS =
  'it takes: qplug devices --json; the text of /sys/kernel/debug/usb/devices or /proc/bus/usb/devices; the output of usb-devices or of lsusb -v; a tar archive or folder of /sys/bus/usb; a recording of sysfs, or of umockdev-record';

const GUESSES: Readonly<Record<HostFileGuess, { readonly why: string; readonly fix?: () => Fix | undefined }>> = {
  nothing: { why: FORMATS },
  empty: { why: `it is empty; ${FORMATS}` },
  'lsusb-short': { why: 'lsusb without -v tells no descriptors', fix: () => sh`(lsusb -v; lsusb -t) > host.txt` },
  'lsusb-tree': { why: 'lsusb -t alone tells no descriptors', fix: () => sh`(lsusb -v; lsusb -t) > host.txt` },
  'other-json': { why: `it is JSON of another kind; ${FORMATS}` },
  'json-syntax': { why: 'it begins like JSON and is none' },
  xz: { why: 'it is packed with xz', fix: () => advice('unpack it with xz -d, or pack it with gzip') },
  bzip2: { why: 'it is packed with bzip2', fix: () => advice('unpack it with bzip2 -d, or pack it with gzip') },
  zstd: { why: 'it is packed with zstd', fix: () => advice('unpack it with zstd -d, or pack it with gzip') },
  zip: { why: 'it is a zip archive', fix: () => advice('unpack it and give the folder') },
  'links-only': {
    why: 'the links of /sys/bus/usb/devices lead out of the archive: what they point to was not packed',
    fix: () => sh`tar czf usb.tgz /sys/bus/usb/devices $(readlink -f /sys/bus/usb/devices/usb*)`,
  },
  'no-devices-folder': {
    why: 'there is no bus/usb/devices in it',
    fix: () => sh`tar czf usb.tgz /sys/bus/usb/devices $(readlink -f /sys/bus/usb/devices/usb*)`,
  },
  'no-devices': { why: 'no USB device can be read from it' },
  'too-many-devices': { why: 'it has more devices than 64 buses can have' },
};

function lineWhy({ problem, field = '', told = '', seen = '' }: HostFileEvidence['host-file-line']): string {
  const name = printable(String(field), 40);
  const one = printable(String(told), 60);
  const two = printable(String(seen), 60);
  switch (problem) {
    case 'unknown-line':
      return 'it is no line of this format';
    case 'too-long':
      return `it is longer than ${one} characters`;
    case 'field-missing':
      return `${name} is missing here`;
    case 'field-value':
      return `${name} can not be that`;
    case 'field-range':
      return `${name} goes from ${one} to ${two}`;
    case 'rest':
      return 'something follows that does not belong there';
    case 'misplaced':
      return `there is no ${name} before it that it belongs to`;
    case 'parent-missing':
      return `there is no hub with number ${one} on bus ${two} before it`;
    case 'level':
      return `it is on level ${one}, and its hub on level ${two}`;
    case 'port-beyond':
      return `it is on port ${one}, and its hub has ${two}`;
    case 'twice':
      return `the same device stands in line ${one}`;
    case 'port-twice':
      return `the device of line ${one} has this port already: this one is shown by its number`;
    case 'number-twice':
      return `the device of line ${one} has this number too`;
    case 'left-out':
      return `another device with this number stands in line ${one}, and no port tells them apart: it is left out`;
    case 'no-root-hub':
      return 'it is on level 0, where root hubs are, and is no hub';
    case 'indentation-lost':
      return 'the indentation of lsusb -t is lost, which alone tells what hangs on a hub';
    case 'other-kind':
      return 'it is of another kind than what stands before it: one kind of a file is read';
    case 'setting-twice':
      return `interface ${one} has alternate setting ${two} twice`;
    case 'label':
      return `${name} is ${one}, which is not "${two}"`;
    case 'endpoint-count':
      return `it says that ${one} endpoints follow, and ${two} do`;
    case 'interface-count':
      return `it says that ${one} interfaces follow, and ${two} do`;
    case 'configuration-count':
      return `it says that ${one} configurations follow, and ${two} do`;
    case 'packet-size':
      return `no endpoint has packets of ${one} bytes`;
    case 'identity':
      return `it is ${one} here and ${two} above`;
    case 'string-cut':
      return 'the kernel cuts text there: there may be more to it';
    case 'truncated':
      return 'the kernel had no room for the rest of this device';
    case 'tree-only':
      return 'this device is in the tree and has no descriptors in the file';
  }
}

function archiveWhy({ problem, at }: HostFileEvidence['host-file-archive']): string {
  switch (problem) {
    case 'checksum':
      return 'this is not the header of a file: the rest of the archive is unreadable';
    case 'cut-off':
      return 'the archive ends in the middle of a file';
    case 'number':
      return 'a size is no number: the rest of the archive is unreadable';
    case 'packed':
      return `it can not be unpacked: ${printable(String(at), 120)}`;
    case 'loop':
      return 'links lead round in a circle';
    case 'too-many':
      return 'there are more files in it than any host has: the rest is left out';
    case 'no-number':
      return 'its devnum is not there, so it is left out';
  }
}

const UNTOLD: Readonly<Record<Untold, string>> = {
  ports: 'which port a device is plugged into (a selector by port matches nothing)',
  controllers: 'which host controller a bus belongs to (a selector pci-… matches nothing)',
  halves: 'which two ports are one connector (a port means that port alone)',
};

const FORMAT_NAMES: Readonly<Record<HostFileFormat, string>> = {
  'devices-json': 'qplug devices --json',
  recording: 'a recording of sysfs',
  umockdev: 'a recording of umockdev-record',
  'usb-devices': 'a usb/devices listing',
  lsusb: 'lsusb -v',
  sysfs: 'an archive of sysfs',
};

function untoldText({ file, format, untold }: HostFileEvidence['host-file-untold']): Text {
  return {
    what: `${FORMAT_NAMES[format]} does not tell ${untold.map((one) => UNTOLD[one]).join(', nor ')}`,
    where: printable(file),
    fix:
      format === 'lsusb' && untold.includes('ports')
        ? [sh`(lsusb -v; lsusb -t) > host.txt`, advice('that tells the ports too')]
        : undefined,
  };
}

const GAPS: Readonly<Record<HostFileEvidence['device-partly-told']['gap'], string>> = {
  streams: 'nothing there says whether its bulk endpoints have streams',
  settings: 'only the settings in use are there',
  anything: 'some lines about it are missing or could not be read',
};

/** What a speed that was inferred stands for. */
const RANGES: Readonly<Record<number, string>> = { 12: '1.5 or 12 Mb/s', 5000: '5000 Mb/s or more' };

/** @returns a device as every message calls it */
function device({ id, name, device: port }: { readonly id: string; readonly name: string; readonly device: string }) {
  return `${printable(id)} (${printable(name, 64)}) at ${printable(port)}`;
}

export const hostFileCatalog: Catalog<HostFileEvidence> = {
  'host-file-missing': {
    kind: 'usage',
    text: ({ file }) => ({ what: `there is no ${printable(file)}`, why: FORMATS }),
  },
  'host-file-unreadable': {
    kind: 'usage',
    text: ({ file, reason }) => ({ what: `${printable(file)} can not be read`, why: printable(reason) }),
  },
  'host-file-too-big': {
    kind: 'usage',
    text: ({ file, limit, unpacked }) => ({
      what: `${printable(file)} is too big to describe a host`,
      why: `${unpacked ? 'it unpacks to' : 'it has'} more than ${limit / (1 << 20)} MiB`,
    }),
  },
  'host-file-unknown': {
    kind: 'usage',
    text: ({ file, guess }) => ({
      what: `${printable(file)} does not describe a host`,
      why: GUESSES[guess].why,
      fix: GUESSES[guess].fix?.(),
    }),
  },
  'host-file-line': {
    kind: 'usage',
    text: (e) => ({ what: `"${printable(e.text.trim(), 100)}" is not used as it stands`, why: lineWhy(e) }),
  },
  'host-file-archive': {
    kind: 'usage',
    text: (e) => ({
      what: `${printable(e.file)} is damaged`,
      where: typeof e.at === 'number' ? `byte ${e.at}` : e.problem === 'packed' ? undefined : printable(e.at, 160),
      why: archiveWhy(e),
    }),
  },
  'host-document-invalid': {
    kind: 'usage',
    text: ({ file, where, reason }) => ({
      what: `${printable(file)} is not what qplug devices --json prints`,
      where: printable(where, 160),
      why: printable(reason),
    }),
  },
  'host-file-more': {
    kind: 'usage',
    text: ({ file, others }) => ({ what: `${others} more lines of ${printable(file)} are like that` }),
  },
  'host-file-untold': { kind: 'usage', text: untoldText },
  'device-partly-told': {
    kind: 'usage',
    text: (e) => ({
      what: `${device(e)} is planned at its own speed alone${e.only === 'always' ? '' : ' with a QEMU before 6.1'}`,
      why: `${GAPS[e.gap]}, so that it would work at a lower speed is not sure`,
    }),
  },
  'device-speed-inferred': {
    kind: 'usage',
    text: (e) => ({
      what: `${printable(e.id)} at ${printable(e.device)} is taken for ${e.megabits} Mb/s`,
      why: `its speed is not told, and its descriptors are those of a device of ${RANGES[e.megabits] ?? `${e.megabits} Mb/s`}`,
      fix: [sh`(lsusb -v; lsusb -t) > host.txt`, advice('that tells the speeds too')],
    }),
  },
  'device-speed-10000': {
    kind: 'usage',
    text: (e) => ({
      what: `${printable(e.id)} at ${printable(e.device)} is taken for 10 Gb/s`,
      why: 'the kernel writes 10000 there for 20 Gb/s too, and that QEMU does not pass through',
    }),
  },
  'device-speed-untold': {
    kind: 'no-plan',
    text: (e) => ({
      what: `nobody can say how fast ${printable(e.id)} at ${printable(e.device)} is`,
      why: `its speed is not told${e.format === 'lsusb' ? ', and its descriptors fit several' : ''}: where it goes is not sure`,
      fix: [sh`(lsusb -v; lsusb -t) > host.txt`, advice('that tells the speeds too')],
    }),
  },
};
