import type { Text } from '../../finding.js';
import { advice, sh } from '../../fix.js';
import { printable } from '../../printable.js';

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
  /** The QEMU versions for which the gap matters. */
  only: 'always' | 'before-6.1';
}

/** The formats of a file that describes a host. */
export type HostFileFormat = 'devices-json' | 'recording' | 'usb-devices' | 'lsusb' | 'umockdev' | 'sysfs';

/** What a file does not show for any device. */
export type Untold = 'ports' | 'controllers' | 'halves';

const UNTOLD: Readonly<Record<Untold, string>> = {
  ports: 'which port a device is plugged into (a selector by port matches nothing)',
  controllers: 'which host controller a bus belongs to (a selector pci-… matches nothing)',
  halves: 'which two ports are one connector (a port selector matches that port only)',
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
  streams: 'the file does not show whether its bulk endpoints have streams',
  settings: 'the file shows only the settings in use',
  anything: 'some lines about it are missing or unreadable',
};

/** The real speeds behind an inferred one. */
const RANGES: Readonly<Record<number, string>> = { 12: '1.5 or 12 Mb/s', 5000: '5000 Mb/s or more' };

export const hostFileGaps = {
  'host-file-untold': { kind: 'usage', text: (e: HostFileUntold): Text => untoldText(e) },
  'device-partly-told': {
    kind: 'usage',
    text: (e: DevicePartlyTold): Text => ({
      what: `qplug plans ${device(e)} at its own speed only${e.only === 'always' ? '' : ' with a QEMU before 6.1'}`,
      why: `${GAPS[e.gap]}, so a lower speed might not work`,
    }),
  },
  /** `megabits`: the speed that qplug assumes. */
  'device-speed-inferred': {
    kind: 'usage',
    text: (e: { device: string; id: string; megabits: number }): Text => ({
      what: `assuming ${e.megabits} Mb/s for ${printable(e.id)} at ${printable(e.device)}`,
      why: `the file does not give its speed, and its descriptors are those of a device of ${RANGES[e.megabits] ?? `${e.megabits} Mb/s`}`,
      fix: [sh`(lsusb -v; lsusb -t) > host.txt`, advice('this shows the speeds too')],
    }),
  },
  'device-speed-untold': {
    kind: 'no-plan',
    text: (e: { device: string; id: string; format: HostFileFormat }): Text => ({
      what: `can't plan ${printable(e.id)} at ${printable(e.device)}`,
      why: `the file does not give its speed${e.format === 'lsusb' ? ', and its descriptors fit several' : ''}`,
      fix: [sh`(lsusb -v; lsusb -t) > host.txt`, advice('this shows the speeds too')],
    }),
  },
  'device-speed-10000': {
    kind: 'usage',
    text: (e: { device: string; id: string }): Text => ({
      what: `assuming 10 Gb/s for ${printable(e.id)} at ${printable(e.device)}`,
      why: 'the kernel writes 10000 for 20 Gb/s too, and QEMU passes no 20 Gb/s device through',
    }),
  },
} as const;

function untoldText({ file, format, untold }: HostFileUntold): Text {
  return {
    what: `${FORMAT_NAMES[format]} does not show ${untold.map((one) => UNTOLD[one]).join(', nor ')}`,
    where: printable(file),
    fix:
      format === 'lsusb' && untold.includes('ports')
        ? [sh`(lsusb -v; lsusb -t) > host.txt`, advice('this shows the ports too')]
        : undefined,
  };
}

/** @returns a device as every message names it */
function device({ id, name, device: port }: { readonly id: string; readonly name: string; readonly device: string }) {
  return `${printable(id)} (${printable(name, 64)}) at ${printable(port)}`;
}
