import { printable } from '../../diag/index.js';
import type { Monitor, QemuProcess } from '../../processes/index.js';
import type { HostQemu } from '../../vm/index.js';
import type { Terminal } from '../terminal.js';
import { lines } from './lines.js';
import { table } from './table.js';

/** Characters of a name, a machine and a monitor that are shown. */
const NAME = 40;
const MACHINE = 20;
const MONITOR = 80;

/** Digits of a container's id that engines show. */
const SHORT_ID = 12;

/** The QEMUs of this host for people: a table, and below it what each one lacks that qplug does not take. */
export function renderQemus(vms: readonly HostQemu[], terminal: Pick<Terminal, 'outColors' | 'columns'>): string {
  if (vms.length === 0) return 'no QEMU runs on this host';
  const rows = vms.map(({ qemu, word }) => [
    printable(word ?? '-'),
    String(qemu.process.pid),
    printable(qemu.name ?? '-', NAME),
    printable(qemu.machine ?? '-', MACHINE),
    starterOf(qemu),
    qemu.monitors.map(monitorText).join(', ') || '-',
  ]);
  const shown = table([['VM', 'PID', 'NAME', 'MACHINE', 'STARTED BY', 'MONITORS'], ...rows], {
    paint: terminal.outColors.bold,
    columns: terminal.columns,
  });
  const lacks = vms.flatMap((one) => lackOf(one) ?? []);
  return lacks.length === 0 ? shown : `${shown}\n\n${lines(lacks)}`;
}

function starterOf({ launcher, container }: QemuProcess): string {
  const where = container === undefined ? [] : [`container ${container.slice(0, SHORT_ID)}`];
  return [...(launcher === undefined ? [] : [launcher]), ...where].join(', ') || '-';
}

function monitorText({ protocol, place }: Monitor): string {
  return `${protocol} ${printable(placeText(place), MONITOR)}`;
}

function placeText(place: Monitor['place']): string {
  switch (place.kind) {
    case 'unix':
      return place.listens ? place.path : `${place.path} (client)`;
    case 'tcp': {
      const host = place.host.includes(':') ? `[${place.host}]` : place.host;
      return `tcp:${host}:${place.port}${place.listens ? '' : ' (client)'}`;
    }
    case 'fd':
      return `fd ${place.fd}`;
    case 'other':
      return place.what;
  }
}

/** @returns why a QEMU has no word, and what to do; undefined if it has one */
function lackOf({ qemu, word, add }: HostQemu): string | undefined {
  const { pid } = qemu.process;
  if (word !== undefined) return undefined;
  if (qemu.isHint) return `${pid} belongs to another user: run qplug as that user, or as root`;
  if (add === undefined) return `${pid} has a QMP monitor, but not where this user sees it: name the VM by that socket`;
  const protocols = qemu.monitors.map(({ protocol }) => protocol);
  const has = protocols.includes('qmp')
    ? "a QMP monitor that qplug can't reach"
    : protocols.includes('hmp')
      ? 'only a monitor for people'
      : 'no monitor';
  return `${pid} has ${has}: start it with ${add.join(' ')}`;
}
