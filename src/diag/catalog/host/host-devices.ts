import type { Text } from '../../finding.js';
import { type Fix, path, sh } from '../../fix.js';
import { printable } from '../../printable.js';

/** `state`: the result of the last look. `timeout` in ms. */
interface DeviceWaitTimeout {
  selector: string;
  timeout: number;
  state: 'absent' | 'denied' | 'missing';
  node: string | undefined;
}

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

export const hostDevices = {
  /** `path`: the missing folder. */
  'no-usb-on-host': {
    kind: 'failed',
    text: (e: { path: string }): Text => ({
      what: 'this host has no USB',
      where: printable(e.path),
      why: 'sysfs has no usb bus: the kernel runs without USB, or a container hides /sys',
    }),
  },
  /** `offset` in bytes from the start of the `descriptors` file. */
  'descriptors-malformed': {
    kind: 'failed',
    text: (e: {
      device: string;
      offset: number;
      problem: DescriptorProblem;
      told: number | undefined;
      seen: number | undefined;
    }): Text => ({
      what: `device ${printable(e.device)} has malformed descriptors`,
      where: `byte ${e.offset}`,
      why: descriptorWhy(e.problem, e.told, e.seen),
    }),
  },
  'attribute-unreadable': {
    kind: 'failed',
    text: (e: { device: string; attribute: string; reason: string }): Text => ({
      what: `could not read ${printable(e.attribute)} of device ${printable(e.device)}`,
      why: printable(e.reason),
    }),
  },
  'device-node-denied': {
    kind: 'failed',
    text: (e: { device: string; id: string; name: string; node: string }): Text => ({
      what: `can't open ${e.id} (${printable(e.name, 64)}) at port ${printable(e.device)}`,
      where: printable(e.node),
      why: 'you may not read and write its device node',
      fix: nodeFix(e.node),
    }),
  },
  'device-node-missing': {
    kind: 'failed',
    text: (e: { device: string; id: string; name: string; node: string }): Text => ({
      what: `${e.id} (${printable(e.name, 64)}) at port ${printable(e.device)} has no device node`,
      where: printable(e.node),
      why: 'it was unplugged a moment ago, or a container hides /dev/bus/usb',
    }),
  },
  'device-wait-timeout': { kind: 'timeout', text: (e: DeviceWaitTimeout): Text => waitText(e) },
  'recording-invalid': {
    kind: 'usage',
    text: (e: { file: string; where: string; reason: string }): Text => ({
      what: `${printable(e.file)} is not a recording of a host`,
      where: printable(e.where),
      why: printable(e.reason),
    }),
  },
} as const;

function descriptorWhy(problem: DescriptorProblem, told: number | undefined, seen: number | undefined): string {
  switch (problem) {
    case 'device-descriptor':
      return 'it does not begin with a device descriptor of 18 bytes';
    case 'length-below-two':
      return `a descriptor says that it is ${told ?? 0} bytes long; the rest of this configuration is unreadable`;
    case 'past-the-end':
      return `a descriptor says that it is ${told ?? 0} bytes long, but only ${seen ?? 0} are left`;
    case 'too-short-for-its-type':
      return `a descriptor of type 0x${(seen ?? 0).toString(16)} is only ${told ?? 0} bytes long`;
    case 'total-length':
      return `a configuration says that it is ${told ?? 0} bytes long, but has ${seen ?? 0}`;
    case 'configuration-count':
      return `it says that it has ${told ?? 0} configurations, but has ${seen ?? 0}`;
    case 'interface-count':
      return `a configuration says that it has ${told ?? 0} interfaces, but has ${seen ?? 0}`;
    case 'endpoint-count':
      return `an alternate setting says that it has ${told ?? 0} endpoints, but has ${seen ?? 0}`;
    case 'not-a-configuration':
      return `a configuration should begin here, not a descriptor of type 0x${(seen ?? 0).toString(16)}`;
    case 'unexpected':
      return `a descriptor of type 0x${(seen ?? 0).toString(16)} is in the wrong place`;
    case 'alternate-setting-twice':
      return `interface ${told ?? 0} has alternate setting ${seen ?? 0} twice`;
  }
}

/** Lets one user open one node until the device is replugged; `qplug doctor` is the place for lasting rules. */
function nodeFix(node: string): Fix | undefined {
  return sh`sudo setfacl -m u:$USER:rw ${path(node)}`;
}

function waitText(e: DeviceWaitTimeout): Text {
  const what = `${printable(e.selector)} did not become usable within ${e.timeout / 1000} s`;
  if (e.state === 'absent' || e.node === undefined) return { what, why: 'no such device was plugged in' };
  if (e.state === 'missing') return { what, where: printable(e.node), why: 'its device node is missing' };
  return { what, where: printable(e.node), why: 'you may not open its device node read-write', fix: nodeFix(e.node) };
}
