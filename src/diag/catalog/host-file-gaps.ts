import type { Text } from '../finding.js';
import { advice, sh } from '../fix.js';
import { printable } from '../printable.js';

interface HostFileUntold {
  file: string;
  format: HostFileFormat;
  untold: readonly Untold[];
}

interface DevicePartlyTold {
  device: string;
  id: string;
  name: string;
  gap: 'streams' | 'settings' | 'anything';
  /** Which QEMUs make a difference of it. */
  only: 'always' | 'before-6.1';
}

/** What a file that describes a host can be. */
export type HostFileFormat = 'devices-json' | 'recording' | 'usb-devices' | 'lsusb' | 'umockdev' | 'sysfs';

/** What a file does not tell of any device. */
export type Untold = 'ports' | 'controllers' | 'halves';

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

const GAPS: Readonly<Record<DevicePartlyTold['gap'], string>> = {
  streams: 'nothing there says whether its bulk endpoints have streams',
  settings: 'only the settings in use are there',
  anything: 'some lines about it are missing or could not be read',
};

/** What a speed that was inferred stands for. */
const RANGES: Readonly<Record<number, string>> = { 12: '1.5 or 12 Mb/s', 5000: '5000 Mb/s or more' };

export const hostFileGaps = {
  'host-file-untold': { kind: 'usage', text: (e: HostFileUntold): Text => untoldText(e) },
  'device-partly-told': {
    kind: 'usage',
    text: (e: DevicePartlyTold): Text => ({
      what: `${device(e)} is planned at its own speed alone${e.only === 'always' ? '' : ' with a QEMU before 6.1'}`,
      why: `${GAPS[e.gap]}, so that it would work at a lower speed is not sure`,
    }),
  },
  /** `megabits` is what it is taken for. */
  'device-speed-inferred': {
    kind: 'usage',
    text: (e: { device: string; id: string; megabits: number }): Text => ({
      what: `${printable(e.id)} at ${printable(e.device)} is taken for ${e.megabits} Mb/s`,
      why: `its speed is not told, and its descriptors are those of a device of ${RANGES[e.megabits] ?? `${e.megabits} Mb/s`}`,
      fix: [sh`(lsusb -v; lsusb -t) > host.txt`, advice('that tells the speeds too')],
    }),
  },
  'device-speed-untold': {
    kind: 'no-plan',
    text: (e: { device: string; id: string; format: HostFileFormat }): Text => ({
      what: `nobody can say how fast ${printable(e.id)} at ${printable(e.device)} is`,
      why: `its speed is not told${e.format === 'lsusb' ? ', and its descriptors fit several' : ''}: where it goes is not sure`,
      fix: [sh`(lsusb -v; lsusb -t) > host.txt`, advice('that tells the speeds too')],
    }),
  },
  'device-speed-10000': {
    kind: 'usage',
    text: (e: { device: string; id: string }): Text => ({
      what: `${printable(e.id)} at ${printable(e.device)} is taken for 10 Gb/s`,
      why: 'the kernel writes 10000 there for 20 Gb/s too, and that QEMU does not pass through',
    }),
  },
} as const;

function untoldText({ file, format, untold }: HostFileUntold): Text {
  return {
    what: `${FORMAT_NAMES[format]} does not tell ${untold.map((one) => UNTOLD[one]).join(', nor ')}`,
    where: printable(file),
    fix:
      format === 'lsusb' && untold.includes('ports')
        ? [sh`(lsusb -v; lsusb -t) > host.txt`, advice('that tells the ports too')]
        : undefined,
  };
}

/** @returns a device as every message calls it */
function device({ id, name, device: port }: { readonly id: string; readonly name: string; readonly device: string }) {
  return `${printable(id)} (${printable(name, 64)}) at ${printable(port)}`;
}
