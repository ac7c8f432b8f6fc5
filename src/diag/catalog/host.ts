import type { Catalog, Text } from '../finding.js';
import { advice, type Fix, operand, path, sh } from '../fix.js';
import { printable } from '../printable.js';
import { shellWord } from '../shell-word.js';

/** What is wrong with a selector's words. */
export type SelectorProblem =
  | 'empty'
  | 'too-long'
  | 'id-digits'
  | 'id-serial-empty'
  | 'port-form'
  | 'port-zero'
  | 'port-depth'
  | 'interface-name'
  | 'address-form'
  | 'address-range'
  | 'address-without-at'
  | 'node-path'
  | 'location-without-port'
  | 'location-controller'
  | 'location-port'
  | 'serial-empty'
  | 'class-form'
  | 'quote-open'
  | 'key-unknown';

/** What is wrong with a device's descriptors. */
export type DescriptorProblem =
  | 'device-descriptor'
  | 'length-below-two'
  | 'past-the-end'
  | 'too-short-for-its-type'
  | 'total-length'
  | 'configuration-count'
  | 'interface-count'
  | 'endpoint-count'
  | 'not-a-configuration'
  | 'unexpected'
  | 'alternate-setting-twice';

/** One device as a list of choices shows it. Strings are raw. */
export interface DeviceChoice {
  /** The shortest selector that names this device alone. */
  readonly selector: string;
  readonly id: string;
  readonly port: string;
  readonly serial: string | undefined;
  readonly name: string;
}

/** The findings of src/host, each with its evidence. */
export interface HostEvidence {
  /** `path`: the folder that is not there. */
  'no-usb-on-host': { readonly path: string };
  /** `offset` in bytes from the start of the `descriptors` file. */
  'descriptors-malformed': {
    readonly device: string;
    readonly offset: number;
    readonly problem: DescriptorProblem;
    readonly told: number | undefined;
    readonly seen: number | undefined;
  };
  'attribute-unreadable': { readonly device: string; readonly attribute: string; readonly reason: string };
  'selector-invalid': {
    readonly selector: string;
    readonly problem: SelectorProblem;
    readonly meant: string | undefined;
  };
  /** `near`: what may have been meant, nearest first; `present`: some of what is there, `others` more are not listed. */
  'device-not-found': {
    readonly selector: string;
    readonly near: readonly DeviceChoice[];
    readonly present: readonly DeviceChoice[];
    readonly others: number;
  };
  'selector-ambiguous': { readonly selector: string; readonly candidates: readonly DeviceChoice[] };
  /** `file`: the one that tells of it, `-` for standard input, where it is not of this host. */
  'device-is-hub': {
    readonly selector: string;
    readonly port: string;
    readonly name: string;
    readonly file?: string | undefined;
  };
  'device-node-denied': { readonly device: string; readonly id: string; readonly name: string; readonly node: string };
  'device-node-missing': { readonly device: string; readonly id: string; readonly name: string; readonly node: string };
  /** `state`: what the last look found. `timeout` in ms. */
  'device-wait-timeout': {
    readonly selector: string;
    readonly timeout: number;
    readonly state: 'absent' | 'denied' | 'missing';
    readonly node: string | undefined;
  };
  'driver-probe-failed': { readonly interface: string; readonly path: string; readonly reason: string };
  /** `lacking`: interfaces with the driver that they had. `timeout` in ms. */
  'recording-invalid': { readonly file: string; readonly where: string; readonly reason: string };
}

const SELECTOR_WHY: Readonly<Record<SelectorProblem, string>> = {
  empty:
    'a selector is 0781:5567, 0781:5567:SERIAL, 1-2.3, pci-0000:00:14.0/2.3, @1.5, serial=…, class=03 or words of its name',
  'too-long': 'no device has that many words in its name',
  'id-digits': 'vendor and product are four hexadecimal digits each; a name that has a colon goes into quotes',
  'id-serial-empty': 'nothing follows the second colon, where the serial number belongs',
  'port-form': 'a host port is BUS-PORT, with a dot before the port of each hub further on: 1-2.3',
  'port-zero': 'buses and ports count from 1 and are written without leading zeros',
  'port-depth': 'USB allows five hubs in a row, so at most six port numbers',
  'interface-name': 'that is one interface of a device; devices are taken as a whole',
  'address-form': 'bus and device number of this moment are written @BUS.DEVICE',
  'address-range': 'buses and device numbers count from 1, and device numbers end at 127',
  'address-without-at': 'bus and device number take an @ in front; a port is written with a hyphen after the bus',
  'node-path': 'a device node is named by its bus and device number, @BUS.DEVICE',
  'location-without-port': 'the port chain is missing after the controller: pci-0000:00:14.0/2.3',
  'location-controller': 'a PCI address is DOMAIN:BUS:SLOT.FUNCTION in hexadecimal: 0000:00:14.0',
  'location-port': 'what follows the slash is a port chain such as 2 or 2.3',
  'serial-empty': 'nothing follows serial=',
  'class-form': 'a class is one or two hexadecimal digits: class=03 (input), class=08 (storage), class=0e (video)',
  'quote-open': 'the quote is not closed',
  'key-unknown': 'the keys are serial= and class=; a name that has an equals sign goes into quotes',
};

function descriptorWhy(problem: DescriptorProblem, told: number | undefined, seen: number | undefined): string {
  switch (problem) {
    case 'device-descriptor':
      return 'it does not begin with a device descriptor of 18 bytes';
    case 'length-below-two':
      return `a descriptor says that it is ${told ?? 0} bytes long; the rest of this configuration is unreadable`;
    case 'past-the-end':
      return `a descriptor says that it is ${told ?? 0} bytes long, and ${seen ?? 0} are left`;
    case 'too-short-for-its-type':
      return `a descriptor of type 0x${(seen ?? 0).toString(16)} is only ${told ?? 0} bytes long`;
    case 'total-length':
      return `a configuration says that it is ${told ?? 0} bytes long, and ${seen ?? 0} bytes of it are there`;
    case 'configuration-count':
      return `it says that it has ${told ?? 0} configurations, and ${seen ?? 0} are there`;
    case 'interface-count':
      return `a configuration says that it has ${told ?? 0} interfaces, and ${seen ?? 0} are there`;
    case 'endpoint-count':
      return `an alternate setting says that it has ${told ?? 0} endpoints, and ${seen ?? 0} are there`;
    case 'not-a-configuration':
      return `a configuration should begin here, not a descriptor of type 0x${(seen ?? 0).toString(16)}`;
    case 'unexpected':
      return `a descriptor of type 0x${(seen ?? 0).toString(16)} stands where it does not belong`;
    case 'alternate-setting-twice':
      return `interface ${told ?? 0} has alternate setting ${seen ?? 0} twice`;
  }
}

/** @returns what to type for it, or what it looks like where that can't be typed */
function typedSelector({ selector }: DeviceChoice): string {
  return shellWord(selector) ?? printable(selector, 96);
}

/** One line of a list: what to type, then what it is. */
export function choice(device: DeviceChoice): string {
  const serial = device.serial === undefined ? 'no serial' : `serial ${printable(device.serial, 64)}`;
  return `${typedSelector(device)} (${printable(device.name, 64)}, ${device.id}, port ${printable(device.port, 48)}, ${serial})`;
}

function notFoundWhy(near: readonly DeviceChoice[], present: readonly DeviceChoice[], others: number): string {
  if (present.length === 0) return 'no USB device but hubs is plugged into this host';
  if (near.length > 0) return `nearest: ${near.map(choice).join('; ')}`;
  const more = others === 0 ? '' : `; and ${others} more`;
  return `there are: ${present.map(choice).join('; ')}${more}`;
}

/** Lets one user open one node until the device is replugged; `qplug doctor` is the place for lasting rules. */
function nodeFix(node: string): Fix | undefined {
  return sh`sudo setfacl -m u:$USER:rw ${path(node)}`;
}

function waitText(e: HostEvidence['device-wait-timeout']): Text {
  const what = `${printable(e.selector)} did not become usable within ${e.timeout / 1000} s`;
  if (e.state === 'absent' || e.node === undefined) return { what, why: 'no such device was plugged in' };
  if (e.state === 'missing') return { what, where: printable(e.node), why: 'its device node was not there' };
  return { what, where: printable(e.node), why: 'its device node may not be opened read-write', fix: nodeFix(e.node) };
}

export const hostCatalog: Catalog<HostEvidence> = {
  'no-usb-on-host': {
    kind: 'failed',
    text: (e) => ({
      what: 'this host shows no USB at all',
      where: printable(e.path),
      why: 'sysfs has no usb bus: the kernel runs without USB, or a container hides /sys',
    }),
  },
  'descriptors-malformed': {
    kind: 'failed',
    text: (e) => ({
      what: `device ${printable(e.device)} has malformed descriptors`,
      where: `byte ${e.offset}`,
      why: descriptorWhy(e.problem, e.told, e.seen),
    }),
  },
  'attribute-unreadable': {
    kind: 'failed',
    text: (e) => ({
      what: `could not read ${printable(e.attribute)} of device ${printable(e.device)}`,
      why: printable(e.reason),
    }),
  },
  'selector-invalid': {
    kind: 'usage',
    text: (e) => ({
      what: `"${printable(e.selector, 128)}" is not a selector`,
      why: SELECTOR_WHY[e.problem],
      fix: e.meant === undefined ? undefined : advice(printable(e.meant, 128)),
    }),
  },
  'device-not-found': {
    kind: 'not-found',
    text: (e) => ({
      what: `no USB device matches "${printable(e.selector, 128)}"`,
      why: notFoundWhy(e.near, e.present, e.others),
    }),
  },
  'selector-ambiguous': {
    kind: 'ambiguous',
    text: (e) => ({
      what: `"${printable(e.selector, 128)}" matches ${e.candidates.length} devices, and one is meant`,
      why: e.candidates.map(choice).join('; '),
      fix: advice(`name one of them: ${e.candidates.map(typedSelector).join(' or ')}`),
    }),
  },
  'device-is-hub': {
    kind: 'refused',
    text: (e) => ({
      what: `"${printable(e.selector, 128)}" is a hub (${printable(e.name, 64)})`,
      where: `port ${printable(e.port)}`,
      why: 'a hub stays with the host; the devices behind it can be taken one by one',
      fix: e.file === undefined ? sh`qplug devices --tree` : sh`qplug devices --tree --host ${e.file}`,
    }),
  },
  'device-node-denied': {
    kind: 'failed',
    text: (e) => ({
      what: `${e.id} (${printable(e.name, 64)}) at port ${printable(e.device)} can not be opened`,
      where: printable(e.node),
      why: 'this user may not read and write its device node',
      fix: nodeFix(e.node),
    }),
  },
  'device-node-missing': {
    kind: 'failed',
    text: (e) => ({
      what: `${e.id} (${printable(e.name, 64)}) at port ${printable(e.device)} has no device node`,
      where: printable(e.node),
      why: 'it was pulled a moment ago, or a container hides /dev/bus/usb',
    }),
  },
  'device-wait-timeout': { kind: 'timeout', text: waitText },
  'driver-probe-failed': {
    kind: 'failed',
    text: (e) => ({
      what: `could not give interface ${printable(e.interface)} back to the host's drivers`,
      where: printable(e.path),
      why: printable(e.reason),
      fix: sh`printf %s ${operand(e.interface)} | sudo tee ${path(e.path)}`,
    }),
  },
  'recording-invalid': {
    kind: 'usage',
    text: (e) => ({
      what: `${printable(e.file)} is not a recording of a host`,
      where: printable(e.where),
      why: printable(e.reason),
    }),
  },
};
