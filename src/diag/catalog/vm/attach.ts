import type { Text } from '../../finding.js';
import { advice, type Fix, path, sh } from '../../fix.js';
import { printable } from '../../printable.js';
import { yamlText } from '../../yaml-text.js';
import { choice, type DeviceChoice } from '../device-choice.js';
import type { PortPlace } from '../words.js';
import { lastWords } from '../words.js';

/** `told`: the file that qplug read instead of this host (`-`: standard input), and its devices. */
interface DeviceMissing {
  selector: string;
  vm: string;
  policy: 'skip' | 'wait' | 'fail';
  told?:
    | { readonly file: string; readonly near: readonly DeviceChoice[]; readonly present: readonly DeviceChoice[] }
    | undefined;
}

const place = ({ bus, port, megabits }: PortPlace): string =>
  `${printable(bus)} port ${printable(port ?? 'unknown')}${megabits === undefined ? ', not attached' : ` at ${megabits} Mb/s`}`;

export const attach = {
  'device-missing': { kind: 'not-found', text: (e: DeviceMissing): Text => missingText(e) },
  'already-attached': {
    kind: 'failed',
    text: ({ label, vm, id, port }: { label: string; vm: string; id: string; port: string }): Text => ({
      what: `${printable(label)} is already attached to ${printable(vm)}`,
      where: `${printable(id)} on ${printable(port)}`,
    }),
  },
  'device-held-by-filter': {
    kind: 'refused',
    text: ({ label, vm, id }: { label: string; vm: string; id: string }): Text => ({
      what: `a usb-host of ${printable(vm)} already matches ${printable(label)}`,
      where: printable(id),
      why: 'it was added with a filter instead of one exact device, and QEMU would open the device twice',
      fix: sh`qplug detach ${vm} ${id}`,
    }),
  },
  'device-came-back': {
    kind: 'failed',
    text: ({ label, id }: { label: string; id: string }): Text => ({
      what: `${printable(label)} was replugged after it was attached`,
      why: `qplug first removed ${printable(id)}, which was left over from it`,
    }),
  },
  'leftover-removed': {
    kind: 'failed',
    text: ({ label, id, port }: { label: string; id: string; port: string }): Text => ({
      what: `qplug first removed ${printable(id)}, left over from ${printable(label)}, which is no longer plugged in`,
      why: `another device is now plugged in at ${printable(port)}`,
    }),
  },
  'unplanned-speed': {
    kind: 'no-plan',
    text: ({ label, megabits }: { label: string; megabits: number }): Text => ({
      what: `QEMU can't pass ${printable(label)} through`,
      why: `it runs at ${megabits} Mb/s, and this QEMU does not support that speed`,
      fix: advice('Plug it into a slower port of the host (USB 3.0 or 2.0), use a slower cable, or use a newer QEMU'),
    }),
  },
  'device-gone': {
    kind: 'not-found',
    text: ({ label, port }: { label: string; port: string }): Text => ({
      what: `${printable(label)} is no longer plugged into this host`,
      where: `host port ${printable(port)}`,
      why: 'it was there when qplug made the plan; since then it was unplugged or re-enumerated',
      fix: advice('Plug it in again and repeat the command (--wait 30 waits for it)'),
    }),
  },
  'node-not-granted': {
    kind: 'failed',
    text: ({ node, uid, reason }: { node: string; uid: number; reason: string }): Text => ({
      what: `could not give QEMU, which runs as user ${uid}, access to ${printable(node)}`,
      why: printable(reason),
      fix: sh`sudo setfacl -m u:${uid}:rw ${path(node)}`,
    }),
  },
  'device-open-failed': {
    kind: 'failed',
    text: ({ label, node, lastLines }: { label: string; node: string; lastLines: readonly string[] }): Text => ({
      what: `QEMU could not open ${printable(label)}`,
      where: printable(node),
      why: `the user that QEMU runs as may lack permission on the node, or another program uses the device${lastLines.length === 0 ? '' : `; ${lastWords(lastLines)}`}`,
      fix: [sh`fuser -v ${path(node)}`, sh`ls -l ${path(node)}`],
    }),
  },
  'device-add-refused': {
    kind: 'failed',
    text: ({ label, desc, lastLines }: { label: string; desc: string; lastLines: readonly string[] }): Text => ({
      what: `QEMU refused ${printable(label)}`,
      why: `${printable(desc)}${lastLines.length === 0 ? '' : `; ${lastWords(lastLines)}`}`,
    }),
  },
  'placed-otherwise': {
    kind: 'failed',
    text: ({ label, planned, actual }: { label: string; planned: PortPlace; actual: PortPlace | undefined }): Text => ({
      what: `QEMU did not place ${printable(label)} as planned; qplug unplugged it again`,
      why: `planned ${place(planned)}, found ${actual === undefined ? 'nothing' : place(actual)}`,
    }),
  },
} as const;

function missingText({ selector, vm, policy, told }: DeviceMissing): Text {
  const why =
    policy === 'skip'
      ? `${printable(vm)} starts without it (when-missing: skip)`
      : `${printable(vm)} requires it (when-missing: ${policy})`;
  if (told === undefined) {
    return {
      what: `${printable(selector)} is not plugged into this host`,
      why,
      fix: policy === 'skip' ? sh`qplug attach ${vm} ${selector} --wait 60` : sh`qplug devices`,
    };
  }
  const { file, near, present } = told;
  const [likely] = near;
  const more = likely === undefined ? '' : `; nearest: ${near.map(choice).join('; ')}`;
  const what = `${printable(selector)} is not in ${file === '-' ? 'the input' : printable(file)}`;
  return { what, why: why + more, fix: likely === undefined ? listFix(file, present) : selectFix(likely) };
}

/** A line of a VM file. */
function selectFix({ selector }: DeviceChoice): Fix | undefined {
  return advice(`Write: - { select: ${yamlText(selector)} }`);
}

function listFix(file: string, present: readonly DeviceChoice[]): Fix | undefined {
  if (present.length === 0) {
    const there = file === '-' ? sh`qplug devices --json` : sh`qplug devices --json > ${path(file)}`;
    return advice('On the host that has the devices: ', there);
  }
  if (file !== '-') return sh`qplug devices --host ${file}`;
  return advice(`Use one of these: ${present.map((one) => yamlText(one.selector)).join(' or ')}`);
}
