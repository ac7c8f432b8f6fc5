import type { Catalog, Text } from '../finding.js';
import { advice, type Fix, operand, path, sh } from '../fix.js';
import type { Guard } from '../guard.js';
import { guardWords } from '../guard-words.js';
import { printable } from '../printable.js';
import { yamlText } from '../yaml-text.js';
import { choice, type DeviceChoice } from './host.js';

interface PortPlace {
  readonly bus: string;
  readonly port: string | undefined;
  readonly megabits: number | undefined;
}

type Spot = Pick<PortPlace, 'bus' | 'port'>;

/** An object in a VM that has no device. `again`: the host port of what is attached in its place, where something is plugged in there. */
interface LostObject {
  readonly id: string;
  readonly vm: string;
  readonly bus: string;
  readonly port: string;
  readonly again: string | undefined;
}

/** The findings of src/vm and src/registry, each with its evidence. */
export interface VmEvidence {
  'vm-not-found': { readonly target: string; readonly known: readonly string[]; readonly nearest: string | undefined };
  'vm-name-wrong': { readonly name: string };
  /** `pid`: of the VM that is meant, where it is known. */
  'socket-of-another-vm': { readonly vm: string; readonly socket: string; readonly pid: number | undefined };
  /** `file`: standard input of the QEMU that is looked for; `pids`: who has it. */
  'start-not-identified': { readonly vm: string; readonly file: string; readonly pids: readonly number[] };
  'vm-exists': { readonly name: string; readonly pid: number };
  'state-write-failed': { readonly path: string; readonly reason: string };
  'places-unreadable': { readonly vm: string; readonly path: string; readonly reason: string };
  'places-not-saved': { readonly vm: string; readonly path: string; readonly reason: string };
  'removal-pending': { readonly device: string; readonly timeout: number };
  /** `later`: QEMU gave no answer, and the next command tries again. */
  'not-undone': { readonly devices: readonly string[]; readonly later?: boolean };
  /** `port`: where it is plugged into the host; `guard`: what the host does with it. */
  'stays-with-host': { readonly label: string; readonly vm: string; readonly port: string; readonly guard: Guard };
  stopped: { readonly reason: string };
  'operation-timeout': { readonly what: string; readonly timeout: number };
  'device-gone': { readonly label: string; readonly port: string };
  'device-open-failed': { readonly label: string; readonly node: string; readonly lastLines: readonly string[] };
  'node-not-granted': { readonly node: string; readonly uid: number; readonly reason: string };
  'device-add-refused': { readonly label: string; readonly desc: string; readonly lastLines: readonly string[] };
  'placed-otherwise': { readonly label: string; readonly planned: PortPlace; readonly actual: PortPlace | undefined };
  /** A claim of a VM that lives; `since` ISO 8601. */
  'device-claimed': {
    readonly label: string;
    readonly vm: string;
    readonly pid: number | undefined;
    readonly state: string;
    readonly since: string;
  };
  /** What a qplug that died has left. */
  mended: {
    readonly kind: string;
    readonly vm: string;
    readonly outcome: 'undone' | 'finished' | 'vm-gone';
    readonly devices: readonly string[];
  };
  'not-mended': { readonly kind: string; readonly vm: string; readonly reason: string };
  /** Devices that somebody was at who died, and whose VM could not be asked whether it has them. */
  'claims-unsettled': { readonly vm: string; readonly labels: readonly string[] };
  'claim-given-back': { readonly label: string; readonly vm: string };
  /** Another qplug is at it. */
  'claim-in-use': { readonly label: string; readonly vm: string; readonly pid: number; readonly state: string };
  'not-claimed': { readonly selector: string; readonly ids: readonly string[] };
  'not-suspendable': { readonly vm: string; readonly state: string };
  /** `mandatory`: the guest stands still until it is there. */
  'missing-at-resume': {
    readonly label: string;
    readonly vm: string;
    readonly port: string;
    readonly mandatory: boolean;
  };
  suspended: { readonly vm: string; readonly devices: readonly string[]; readonly since: string };
  'claim-ambiguous': {
    readonly selector: string;
    readonly devices: readonly { readonly label: string; readonly id: string }[];
  };
  'device-denied': { readonly label: string; readonly vm: string; readonly rule: string | undefined };
  'already-attached': { readonly label: string; readonly vm: string; readonly id: string; readonly port: string };
  'device-held-by-filter': { readonly label: string; readonly vm: string; readonly id: string };
  'device-came-back': { readonly label: string; readonly id: string };
  /** `told`: the file that was looked in instead of this host, `-` for standard input, and what it has. */
  'device-missing': {
    readonly selector: string;
    readonly vm: string;
    readonly policy: 'skip' | 'wait' | 'fail';
    readonly told?:
      | { readonly file: string; readonly near: readonly DeviceChoice[]; readonly present: readonly DeviceChoice[] }
      | undefined;
  };
  'not-attached': { readonly selector: string; readonly vm: string; readonly ids: readonly string[] };
  'detach-ambiguous': { readonly selector: string; readonly vm: string; readonly ids: readonly string[] };
  'hub-in-use': { readonly id: string; readonly vm: string; readonly devices: readonly string[] };
  'unplanned-speed': { readonly label: string; readonly megabits: number };
  'emulated-unknown': { readonly model: string; readonly nearest: string | undefined };
  'emulated-needs-backend': { readonly model: string; readonly needs: string };
  'driver-not-back': { readonly label: string; readonly interfaces: readonly string[] };
  'leftover-removed': { readonly label: string; readonly id: string; readonly port: string };
  'stale-device': LostObject;
  'detached-device': LostObject;
  'runs-slower': { readonly label: string; readonly megabits: number; readonly native: number };
  'wanted-not-plugged-in': { readonly selector: string; readonly vm: string };
  'wanted-not-attached': { readonly label: string; readonly selector: string; readonly vm: string };
  /** Devices by their labels, printable; `from` is the winner's own place where it has one, `hub` one that goes. */
  'move-would-help': {
    readonly vm: string;
    readonly label: string;
    readonly megabits: number;
    readonly bus: string;
    readonly port: string;
    readonly moved: readonly { readonly label: string; readonly from: Spot; readonly to: Spot }[];
    readonly from: Spot | undefined;
    readonly hub: string | undefined;
    /** What names the device on a command line, where it is not in the VM yet. */
    readonly words: readonly string[];
  };
  'kvm-unusable': { readonly node: string; readonly denied: boolean };
  'socket-statistics-missing': Readonly<Record<never, never>>;
  'usb-ids-missing': Record<never, never>;
  'runtime-folder-open': { readonly path: string; readonly mode: string };
  'wanted-twice': { readonly selector: string; readonly label: string };
  'qemu-ended': {
    readonly binary: string;
    readonly code: number | undefined;
    readonly signal: string | undefined;
    readonly lastLines: readonly string[];
  };
  'start-timeout': { readonly binary: string; readonly timeout: number; readonly lastLines: readonly string[] };
  'shutdown-timeout': { readonly vm: string; readonly timeout: number };
  'shutdown-ignored': { readonly vm: string; readonly state: string };
  'no-record': { readonly vm: string };
  'vm-forgotten': { readonly vm: string };
  'vm-stopped': { readonly vm: string; readonly path: string };
  /** `adopted`: it runs, but not from a file · `unknown`: it does not run, and is named by no file · `gone`: its file is not there. */
  'vm-without-file': {
    readonly vm: string;
    readonly problem: 'adopted' | 'unknown' | 'gone';
    readonly path: string | undefined;
  };
  'vm-other-file': { readonly vm: string; readonly runs: string; readonly named: string };
  'not-in-file': { readonly selector: string; readonly path: string; readonly entries: readonly string[] };
  'entry-ambiguous': { readonly selector: string; readonly path: string; readonly lines: readonly number[] };
  /** Labels of other devices that the entry means now. */
  'entry-broad': {
    readonly entry: string;
    readonly path: string;
    readonly line: number;
    readonly others: readonly string[];
  };
  /** `entry`: what it had to say. */
  'entry-says-otherwise': { readonly path: string; readonly line: number; readonly entry: string };
  'allow-unsure': { readonly selector: string; readonly path: string };
}

const list = (names: readonly string[]): string => names.map((name) => printable(name)).join(', ');

const lastWords = (lines: readonly string[]): string =>
  lines.length === 0 ? 'it printed nothing' : `its last lines: ${lines.map((line) => printable(line)).join(' | ')}`;

const OUTCOMES = {
  undone: 'was undone',
  finished: 'was finished',
  'vm-gone': 'ended with its VM',
} as const;

/** The last word of a label, which is the host port. */
const deviceWord = (label: string): string => label.slice(label.lastIndexOf(' ') + 1);

const place = ({ bus, port, megabits }: PortPlace): string =>
  `${printable(bus)} port ${printable(port ?? 'unknown')}${megabits === undefined ? ', not attached' : ` at ${megabits} Mb/s`}`;

const spot = ({ bus, port }: Spot): string => `${printable(bus)} port ${printable(port ?? 'unknown')}`;

function missingText({ selector, vm, policy, told }: VmEvidence['device-missing']): Text {
  const why =
    policy === 'skip'
      ? `${printable(vm)} starts without it (when-missing: skip)`
      : `${printable(vm)} must have it (when-missing: ${policy})`;
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
  return advice(`Name it so: - { select: ${yamlText(selector)} }`);
}

function listFix(file: string, present: readonly DeviceChoice[]): Fix | undefined {
  if (present.length === 0) {
    const there = file === '-' ? sh`qplug devices --json` : sh`qplug devices --json > ${path(file)}`;
    return advice('On the host that is meant: ', there);
  }
  if (file !== '-') return sh`qplug devices --host ${file}`;
  return advice(`Name one of these: ${present.map((one) => yamlText(one.selector)).join(' or ')}`);
}

export const vmCatalog: Catalog<VmEvidence> = {
  'vm-not-found': {
    kind: 'not-found',
    text: ({ target, known, nearest }) => ({
      what: `there is no VM "${printable(target)}"`,
      why:
        known.length === 0
          ? 'no VM that qplug started runs on this host'
          : `running here: ${list(known)}${nearest === undefined ? '' : `; did you mean ${printable(nearest)}?`}`,
      fix: [
        sh`qplug list`,
        advice('a QEMU that was started otherwise is named by the path of its QMP socket: qplug status ./qmp.sock'),
      ],
    }),
  },
  'socket-of-another-vm': {
    kind: 'unreachable',
    text: ({ vm, socket, pid }) => ({
      what: `another process answers at the socket of ${printable(vm)}`,
      where: printable(socket),
      why: pid === undefined ? 'its socket was replaced' : `its QEMU is process ${pid}`,
      fix: pid === undefined ? undefined : sh`ps -o pid,user,args -p ${pid}`,
    }),
  },
  'start-not-identified': {
    kind: 'failed',
    text: ({ vm, file, pids }) => ({
      what: `a start of ${printable(vm)} was cut off, and qplug can't tell which process is its QEMU`,
      where: printable(file),
      why: `processes ${pids.join(', ')} have this file as standard input`,
      fix: sh`ps -o pid,user,args -p ${pids.join(',')}`,
    }),
  },
  'vm-name-wrong': {
    kind: 'usage',
    text: ({ name }) => ({
      what: `\`${printable(name, 80)}\` can not be the name of a VM`,
      why: 'a name is letters, digits, `.`, `-` and `_`, at most 64, and begins with a letter or digit',
    }),
  },
  'vm-exists': {
    kind: 'refused',
    text: ({ name, pid }) => ({
      what: `a VM named ${printable(name)} runs already`,
      why: `process ${pid} lives`,
      fix: sh`qplug shutdown ${name}`,
    }),
  },
  'state-write-failed': {
    kind: 'failed',
    text: ({ path: file, reason }) => ({
      what: 'qplug could not write what it must remember of this VM, so it does not go on',
      where: printable(file),
      why: printable(reason),
      // the file may not be there, its folder is
      fix: /^EROFS\b/.test(reason) ? sh`findmnt -T ${path(folderOf(file))}` : sh`df -h ${path(folderOf(file))}`,
    }),
  },
  'places-unreadable': {
    kind: 'failed',
    text: ({ vm, path: file, reason }) => ({
      what: `where the devices of ${printable(vm)} were at its last start can't be read, so they are placed anew`,
      where: printable(file),
      why:
        reason === 'newer'
          ? 'a newer qplug wrote it; it is left as it is'
          : reason === 'torn'
            ? 'it is no whole record of places'
            : printable(reason),
      fix: reason === 'newer' ? advice('use the newer qplug') : sh`rm ${path(file)}`,
    }),
  },
  'places-not-saved': {
    kind: 'failed',
    text: ({ vm, path: file, reason }) => ({
      what: `where the devices of ${printable(vm)} are could not be saved; its next start may place them elsewhere`,
      where: printable(file),
      why: printable(reason),
      fix: sh`df -h ${path(file)}`,
    }),
  },
  'removal-pending': {
    kind: 'timeout',
    text: ({ device, timeout }) => ({
      what: `${printable(device)} was not let go within ${timeout / 1000} s`,
      why: 'QEMU took the request; a PCI controller waits for its guest, a USB device should not',
      fix: advice('Try again, or reset the guest: a reset completes the removal'),
    }),
  },
  'not-undone': {
    kind: 'failed',
    text: ({ devices, later }) => ({
      what: `what was done could not all be undone${later === true ? ' yet' : ''}: ${list(devices)}`,
      why:
        later === true
          ? 'QEMU gave no answer; the next command tries again'
          : 'a device of QEMU may have been refused its old place; a PCI controller leaves only when its guest lets go, or at a reset',
      fix:
        later === true
          ? sh`qplug mend`
          : advice('see with qplug status what is left in the VM, and take it out with qplug detach'),
    }),
  },
  'stays-with-host': {
    kind: 'refused',
    text: ({ label, vm, port, guard }) => {
      const { subject, mend } = guardWords(guard);
      return {
        what: `${printable(label)} stays with the host, and was not put back into ${printable(vm)}`,
        why: `the host has taken it into use since it was taken out: ${subject}`,
        fix: [mend, sh`qplug attach ${vm} ${port}`],
      };
    },
  },
  stopped: { kind: 'failed', text: ({ reason }) => ({ what: 'it was stopped', why: printable(reason) }) },
  'operation-timeout': {
    kind: 'timeout',
    text: ({ what, timeout }) => ({
      what: `not done within ${timeout / 1000} s: ${printable(what)}`,
      fix: advice('Repeat it with a longer --timeout (seconds)'),
    }),
  },
  'device-gone': {
    kind: 'not-found',
    text: ({ label, port }) => ({
      what: `${printable(label)} is gone from this host`,
      where: `host port ${printable(port)}`,
      why: 'it was there when the plan was made, and was pulled or re-enumerated since',
      fix: advice('Plug it in again and repeat the command (--wait 30 waits for it)'),
    }),
  },
  'device-open-failed': {
    kind: 'failed',
    text: ({ label, node, lastLines }) => ({
      what: `QEMU could not open ${printable(label)}`,
      where: printable(node),
      why: `the user that QEMU runs as may lack the right to the node, or another program holds the device${lastLines.length === 0 ? '' : `; ${lastWords(lastLines)}`}`,
      fix: [sh`fuser -v ${path(node)}`, sh`ls -l ${path(node)}`],
    }),
  },
  'node-not-granted': {
    kind: 'failed',
    text: ({ node, uid, reason }) => ({
      what: `QEMU, which runs as user ${uid}, could not be given ${printable(node)}`,
      why: printable(reason),
      fix: sh`sudo setfacl -m u:${uid}:rw ${path(node)}`,
    }),
  },
  'device-add-refused': {
    kind: 'failed',
    text: ({ label, desc, lastLines }) => ({
      what: `QEMU refused ${printable(label)}`,
      why: `${printable(desc)}${lastLines.length === 0 ? '' : `; ${lastWords(lastLines)}`}`,
    }),
  },
  'placed-otherwise': {
    kind: 'failed',
    text: ({ label, planned, actual }) => ({
      what: `QEMU did not do what was planned for ${printable(label)}; it was taken out again`,
      why: `planned ${place(planned)}, found ${actual === undefined ? 'nothing' : place(actual)}`,
    }),
  },
  'device-claimed': {
    kind: 'refused',
    text: (e) => ({
      what: `${printable(e.label)} belongs to another VM`,
      where: `VM ${printable(e.vm)}${e.pid === undefined ? '' : `, QEMU ${e.pid}`}`,
      why: `it is ${printable(e.state)} there since ${printable(e.since)}`,
      fix: sh`qplug detach ${e.vm} ${deviceWord(e.label)}`,
    }),
  },
  'claim-in-use': {
    kind: 'refused',
    text: (e) => ({
      what: `another qplug is at ${printable(e.label)} just now`,
      where: `VM ${printable(e.vm)}`,
      why: `process ${e.pid} has it ${printable(e.state)}`,
      fix: advice(`wait, or end that process: kill ${e.pid} (the next command mends what it leaves)`),
    }),
  },
  'not-claimed': {
    kind: 'not-found',
    text: ({ selector, ids }) => ({
      what: 'no VM has such a device',
      where: printable(selector),
      why: ids.length === 0 ? 'nothing is claimed' : `VMs have ${list(ids)}`,
      fix: sh`qplug claims`,
    }),
  },
  'not-suspendable': {
    kind: 'failed',
    text: ({ vm, state }) => ({
      what: `${printable(vm)} can't be suspended`,
      why: `its guest is ${printable(state)}, neither running nor paused`,
      fix: sh`qplug status ${vm}`,
    }),
  },
  'missing-at-resume': {
    kind: 'not-found',
    text: ({ label, vm, port, mandatory }) => ({
      what: `${printable(label)} is not plugged in any more`,
      where: `host port ${printable(port)}`,
      why: mandatory
        ? `${printable(vm)} must have it (when-missing: fail)`
        : `${printable(vm)} had it when it was suspended`,
      fix: mandatory ? sh`qplug resume ${vm} --wait 60` : sh`qplug attach ${vm} ${port} --wait 60`,
    }),
  },
  suspended: {
    kind: 'failed',
    text: ({ vm, devices, since }) => ({
      what: `${printable(vm)} is suspended since ${printable(since)}`,
      why: devices.length === 0 ? undefined : `the host has ${list(devices)} meanwhile`,
      fix: sh`qplug resume ${vm}`,
    }),
  },
  'claim-ambiguous': {
    kind: 'ambiguous',
    text: ({ selector, devices }) => ({
      what: 'that means several devices',
      where: printable(selector),
      why: devices.map((one) => `${printable(one.label)} (${printable(one.id)})`).join('; '),
      fix: sh`qplug release ${devices[0]?.id ?? ''}`,
    }),
  },
  mended: {
    kind: 'failed',
    text: (e) => ({
      what: `a ${e.kind} that was cut off ${OUTCOMES[e.outcome]}`,
      where: `VM ${printable(e.vm)}`,
      why: e.devices.length === 0 ? undefined : `it was about ${list(e.devices)}`,
    }),
  },
  'not-mended': {
    kind: 'unreachable',
    text: (e) => ({
      what: `a ${e.kind} that was cut off could not be mended yet`,
      where: `VM ${printable(e.vm)}`,
      why: `${printable(e.reason)}; later commands try again`,
      fix: sh`qplug mend`,
    }),
  },
  'claims-unsettled': {
    kind: 'unreachable',
    text: ({ vm, labels }) => ({
      what: `nobody could ask whether ${printable(vm)} has ${list(labels)}`,
      why: 'it did not answer; later commands try again',
      fix: sh`qplug mend`,
    }),
  },
  'claim-given-back': {
    kind: 'failed',
    text: (e) => ({
      what: `${printable(e.label)} is the host's again`,
      where: `VM ${printable(e.vm)}`,
      why: 'the VM that had it is gone',
    }),
  },
  'device-denied': {
    kind: 'refused',
    text: ({ label, vm, rule }) => ({
      what: `${printable(vm)} may not have ${printable(label)}`,
      why:
        rule === undefined
          ? 'its file lists what it may have under usb.allow, and this is not there'
          : `usb.deny says ${printable(rule)}`,
    }),
  },
  'already-attached': {
    kind: 'failed',
    text: ({ label, vm, id, port }) => ({
      what: `${printable(label)} is attached to ${printable(vm)} already`,
      where: `${printable(id)} on ${printable(port)}`,
    }),
  },
  'device-held-by-filter': {
    kind: 'refused',
    text: ({ label, vm, id }) => ({
      what: `${printable(vm)} has ${printable(label)} already, or will take it by itself`,
      where: printable(id),
      why: 'that usb-host was given a filter instead of one exact device, and QEMU would open the device a second time',
      fix: sh`qplug detach ${vm} ${id}`,
    }),
  },
  'device-came-back': {
    kind: 'failed',
    text: ({ label, id }) => ({
      what: `${printable(label)} was replugged since it was attached`,
      why: `${printable(id)} stood for what is gone and was removed first`,
    }),
  },
  'leftover-removed': {
    kind: 'failed',
    text: ({ label, id, port }) => ({
      what: `${printable(label)} is gone, and ${printable(id)}, which stood for it, was removed first`,
      why: `another device is plugged in at ${printable(port)} now`,
    }),
  },
  'device-missing': { kind: 'not-found', text: missingText },
  'not-attached': {
    kind: 'not-found',
    text: ({ selector, vm, ids }) => ({
      what: `nothing in ${printable(vm)} is ${printable(selector)}`,
      why: ids.length === 0 ? 'it has no USB devices' : `it has ${list(ids)}`,
      fix: sh`qplug status ${vm}`,
    }),
  },
  'detach-ambiguous': {
    kind: 'ambiguous',
    text: ({ selector, vm, ids }) => ({
      what: `${printable(selector)} is several devices of ${printable(vm)}`,
      why: list(ids),
      fix: ids.map((id) => sh`qplug detach ${vm} ${id}`),
    }),
  },
  'hub-in-use': {
    kind: 'refused',
    text: ({ id, vm, devices }) => ({
      what: `devices sit behind the hub ${printable(id)}`,
      why: list(devices),
      fix: sh`qplug detach ${vm} ${[...devices, id]}`,
    }),
  },
  'unplanned-speed': {
    kind: 'no-plan',
    text: ({ label, megabits }) => ({
      what: `QEMU can't pass ${printable(label)} through`,
      why: `it runs at ${megabits} Mb/s, and this QEMU knows no such speed`,
      fix: advice(
        'Plug it into a slower port of the host (a USB 3.0 or 2.0 port, or a cable that is), or use a newer QEMU',
      ),
    }),
  },
  'emulated-unknown': {
    kind: 'usage',
    text: ({ model, nearest }) => ({
      what: `there is no emulated USB device "${printable(model)}"`,
      why: nearest === undefined ? undefined : `did you mean ${printable(nearest)}?`,
    }),
  },
  'emulated-needs-backend': {
    kind: 'usage',
    text: ({ model, needs }) => ({
      what: `${printable(model)} can't be plugged by its name alone`,
      why: `it needs a ${printable(needs)}`,
      fix: advice(`Name it in the VM file: - { emulated: ${printable(model)}, … }`),
    }),
  },
  'driver-not-back': {
    kind: 'failed',
    text: ({ label, interfaces }) => ({
      what: `${printable(label)} left the VM, but no host driver has taken it back`,
      where: list(interfaces),
      fix: interfaces.map((name) => sh`printf %s ${operand(name)} | sudo tee /sys/bus/usb/drivers_probe`),
    }),
  },
  'stale-device': {
    kind: 'failed',
    text: ({ id, vm, bus, port, again }) => ({
      what: `${printable(id)} stands for a device that was pulled, or replugged since`,
      where: `${printable(bus)} port ${printable(port)}`,
      why: 'QEMU never takes such a one back by itself',
      fix: [
        sh`qplug detach ${vm} ${id}`,
        again === undefined
          ? undefined
          : advice(
              'or attach what is plugged in there now, its place is freed first: ',
              sh`qplug attach ${vm} ${again}`,
            ),
      ],
    }),
  },
  'detached-device': {
    kind: 'failed',
    text: ({ id, vm, bus, port, again }) => ({
      what: `QEMU has nothing attached for ${printable(id)}`,
      where: `${printable(bus)} port ${printable(port)}`,
      fix: again === undefined ? undefined : sh`qplug attach ${vm} ${again}`,
    }),
  },
  'runs-slower': {
    kind: 'failed',
    text: ({ label, megabits, native }) => ({
      what: `${printable(label)} runs at ${megabits} Mb/s instead of ${native}`,
    }),
  },
  'wanted-not-plugged-in': {
    kind: 'not-found',
    text: ({ selector, vm }) => ({
      what: `${printable(vm)} wants ${printable(selector)}, which is not plugged into this host`,
    }),
  },
  'wanted-not-attached': {
    kind: 'failed',
    text: ({ label, selector, vm }) => ({
      what: `${printable(vm)} wants ${printable(label)}, which is not attached`,
      fix: sh`qplug attach ${vm} ${selector}`,
    }),
  },
  'move-would-help': {
    kind: 'no-plan',
    text: ({ vm, label, megabits, bus, port, moved, from, hub, words }) => ({
      what: [
        ...(hub === undefined ? [] : [`taking out ${printable(hub)}, which nothing is behind,`]),
        ...moved.map((one) => `moving ${printable(one.label)} from ${spot(one.from)} to ${spot(one.to)}`),
        ...(from === undefined ? [] : [`moving it from ${spot(from)} to ${spot({ bus, port })}`]),
      ]
        .join(' and ')
        .concat(` would give ${printable(label)} a port of its speed, ${megabits} Mb/s`),
      fix:
        words[0] === '--emulated'
          ? sh`qplug rebalance ${vm} --emulated ${words[1] ?? ''}`
          : sh`qplug rebalance ${[vm, ...words]}`,
    }),
  },
  'kvm-unusable': {
    kind: 'failed',
    text: ({ node, denied }) => ({
      what: denied ? 'you may not use KVM' : 'there is no KVM',
      where: printable(node),
      why: denied ? undefined : 'the processor or its firmware does not offer virtualisation, or a hypervisor hides it',
      fix: denied ? [sh`sudo usermod -aG kvm "$USER"`, advice('and log in again')] : undefined,
    }),
  },
  'socket-statistics-missing': {
    kind: 'failed',
    text: () => ({
      what: 'qplug can not tell which process is the QEMU of a VM that it did not start',
      why: 'the program ss is missing: without it root gives no device nodes to the user of such a QEMU',
      fix: sh`sudo apt-get install iproute2`,
    }),
  },
  'usb-ids-missing': {
    kind: 'failed',
    text: () => ({
      what: 'devices that tell no name of their own are shown by number',
      fix: sh`sudo apt-get install usb.ids`,
    }),
  },
  'runtime-folder-open': {
    kind: 'failed',
    text: ({ path: folder, mode }) => ({
      what: `others may look into qplug's folder (mode ${printable(mode)})`,
      where: printable(folder),
      why: 'whoever reaches a QMP socket controls the VM',
      fix: sh`chmod 700 ${path(folder)}`,
    }),
  },
  'wanted-twice': {
    kind: 'usage',
    text: ({ selector, label }) => ({
      what: `${printable(selector)} means a device that the file names already`,
      why: `it is ${printable(label)}`,
    }),
  },
  'qemu-ended': {
    kind: 'failed',
    text: ({ binary, code, signal, lastLines }) => ({
      what: `${printable(binary)} ended`,
      why: `${signal === undefined ? `exit code ${code ?? 'unknown'}` : `by ${printable(signal)}`}; ${lastWords(lastLines)}`,
    }),
  },
  'start-timeout': {
    kind: 'timeout',
    text: ({ binary, timeout, lastLines }) => ({
      what: `${printable(binary)} did not answer within ${timeout / 1000} s`,
      why: lastWords(lastLines),
    }),
  },
  'shutdown-timeout': {
    kind: 'timeout',
    text: ({ vm, timeout }) => ({
      what: `the guest of ${printable(vm)} did not power off within ${timeout / 1000} s`,
      why: 'it was asked by ACPI power button, and may not listen to it',
      fix: sh`qplug kill ${vm}`,
    }),
  },
  'shutdown-ignored': {
    kind: 'failed',
    text: ({ vm, state }) => ({
      what: `the guest of ${printable(vm)} can't be asked to power off`,
      why: `it is ${printable(state)}, so it does not run`,
      fix: sh`qplug kill ${vm}`,
    }),
  },
  'no-record': {
    kind: 'refused',
    text: ({ vm }) => ({
      what: `${printable(vm)} was not started by qplug`,
      why: 'its process is not known, only its QMP socket',
    }),
  },
  'vm-forgotten': {
    kind: 'not-found',
    text: ({ vm }) => ({ what: `${printable(vm)} no longer runs; what was left of it was cleared away` }),
  },
  'vm-stopped': {
    kind: 'failed',
    text: ({ vm, path }) => ({
      what: `${printable(vm)} does not run, so its file alone is changed, for its next start`,
      where: printable(path),
    }),
  },
  'vm-without-file': {
    kind: 'not-found',
    text: ({ vm, problem, path }) => ({
      what: `--config changes the file of a VM, and that of ${printable(vm)} is not known`,
      where: path === undefined ? undefined : printable(path),
      why: {
        adopted: 'it was not started from a file',
        unknown: 'no VM of that name runs here',
        gone: 'it was started from a file that is no longer there',
      }[problem],
      fix: advice(
        problem === 'adopted'
          ? '--live changes the running VM alone'
          : 'Name the VM by its file: bench.yaml, not bench',
      ),
    }),
  },
  'vm-other-file': {
    kind: 'refused',
    text: ({ vm, runs, named }) => ({
      what: `${printable(vm)} runs from another file than ${printable(named)}`,
      where: printable(runs),
      fix: advice(
        `--config changes ${printable(named)} alone, --live the running VM alone; or name the VM: ${printable(vm)}`,
      ),
    }),
  },
  'not-in-file': {
    kind: 'not-found',
    text: ({ selector, path, entries }) => ({
      what: `no entry of ${printable(path)} means ${printable(selector)}`,
      why: entries.length === 0 ? 'it names no devices' : `it names ${list(entries)}`,
    }),
  },
  'entry-ambiguous': {
    kind: 'ambiguous',
    text: ({ selector, path, lines }) => ({
      what: `several entries of ${printable(path)} mean ${printable(selector)}`,
      where: lines.map((line) => `line ${line}`).join(', '),
      fix: advice('Take one out by hand; --live changes the running VM alone'),
    }),
  },
  'entry-broad': {
    kind: 'refused',
    text: ({ entry, path, line, others }) => ({
      what: `the entry ${printable(entry)} means other devices too, so it is not taken out`,
      where: `${printable(path)}:${line}`,
      why: `it means ${list(others)} as well`,
      fix: advice(`Write entries for those that shall stay in its place; --live changes the running VM alone`),
    }),
  },
  'entry-says-otherwise': {
    kind: 'failed',
    text: ({ path, line, entry }) => ({
      what: 'the file has another place for it, and that is left as it is',
      where: `${printable(path)}:${line}`,
      fix: advice(`for the next start write \`- ${printable(entry)}\` there`),
    }),
  },
  'allow-unsure': {
    kind: 'refused',
    text: ({ selector, path }) => ({
      what: `usb.allow of ${printable(path)} may not have ${printable(selector)} in it`,
      why: 'it is not plugged in, so nobody can say which device it is',
      fix: advice(`add \`${printable(selector)}\` to \`usb.allow\``),
    }),
  },
};

/** @returns the folder that a file stands in */
function folderOf(file: string): string {
  return file.replace(/(.)\/[^/]*$/, '$1');
}
