import type { HostAccess } from '../../../access/index.js';
import { fail, printable } from '../../../diag/index.js';
import {
  type DeviceAt,
  deleteSnapshot,
  listSnapshots,
  type OpenVm,
  type Operation,
  type RestoreReport,
  restoreSnapshot,
  type SaveReport,
  type Snapshot,
  saveSnapshot,
  snapshotTags,
  tagOfNow,
} from '../../../vm/index.js';
import type { Arguments, CommandHandler, Outcome } from '../../command.js';
import { lines } from '../../render/lines.js';
import { localTime } from '../../render/local-time.js';
import { table } from '../../render/table.js';
import type { Terminal } from '../../terminal.js';
import { SNAPSHOT_TIMEOUT } from '../../timeouts.js';
import { withVm } from '../shared/with-vm.js';

type Action = (
  vm: OpenVm,
  args: Arguments,
  host: HostAccess,
  operation: Operation,
  terminal: Terminal,
) => Promise<Outcome>;

export const run: CommandHandler = async (args, terminal) => {
  const action = ACTIONS[args.word('action')];
  for (const [option, owner] of OPTIONS_OF) {
    if (!args.flag(option) || args.word('action') === owner) continue;
    const why = `--${option} is for qplug snapshot ${owner}`;
    throw fail('options-conflict', { options: [`--${option}`, args.word('action')], why, fix: 'Leave it out' });
  }
  if (action === undefined) throw new Error('an action that was declared and is not done');
  return await withVm(
    args,
    terminal,
    (vm, host, operation) => action(vm, args, host, operation, terminal),
    SNAPSHOT_TIMEOUT,
  );
};

/** Which action takes an option. */
const OPTIONS_OF = [
  ['keep', 'save'],
  ['as-it-is', 'restore'],
] as const;

const ACTIONS: Readonly<Record<string, Action>> = {
  save: async (vm, args, host, operation) => {
    const request = { tag: args.text('tag') ?? tagOfNow(), keep: args.flag('keep') };
    const { findings, ...report } = await saveSnapshot(vm, request, host, operation);
    return { schema: 'snapshot-save', document: () => report, text: () => savedText(report), findings };
  },
  restore: async (vm, args, host, operation) => {
    const tag = await namedTag('restore', vm, args, operation);
    const { findings, ...report } = await restoreSnapshot(vm, { tag, asItIs: args.flag('as-it-is') }, host, operation);
    return { schema: 'snapshot-restore', document: () => report, text: () => restoredText(report), findings };
  },
  list: async (vm, args, host, operation, terminal) => {
    const tag = args.text('tag');
    if (tag !== undefined) throw fail('snapshot-tag-idle', { tag });
    const snapshots = await listSnapshots(vm, host, operation);
    return {
      schema: 'snapshot-list',
      document: () => ({ vm: vm.name, snapshots }),
      text: () => listText(vm.name, snapshots, terminal),
    };
  },
  delete: async (vm, args, host, operation) => {
    const tag = await namedTag('delete', vm, args, operation);
    const { findings, ...report } = await deleteSnapshot(vm, tag, host, operation);
    return {
      schema: 'snapshot-delete',
      document: () => report,
      text: () => `${printable(report.vm)} no longer has a snapshot ${printable(report.tag)}`,
      findings,
    };
  },
};

async function namedTag(action: string, vm: OpenVm, args: Arguments, operation: Operation): Promise<string> {
  const tag = args.text('tag');
  if (tag !== undefined) return tag;
  throw fail('snapshot-tag-missing', { vm: vm.name, action, tags: await snapshotTags(vm, operation) });
}

function savedText({ vm, tag, disks, stateBytes, devices }: Omit<SaveReport, 'findings'>): string {
  const where = disks.map((disk) => printable(disk)).join(', ');
  return lines([
    `${printable(vm)} is saved as ${printable(tag)}: ${sizeText(stateBytes)} in ${where}`,
    ...placesOf(devices),
  ]);
}

function restoredText({ vm, tag, runs, devices, added, removed }: Omit<RestoreReport, 'findings'>): string {
  const ids = (some: readonly string[]): string => some.map((id) => printable(id)).join(', ');
  return lines([
    `${printable(vm)} is restored from ${printable(tag)}; its guest ${runs ? 'runs' : 'is paused'}`,
    ...(removed.length === 0 ? [] : [`  unplugged for it: ${ids(removed)}`]),
    ...(added.length === 0 ? [] : [`  plugged in for it: ${ids(added)}`]),
    ...placesOf(devices),
  ]);
}

function placesOf(devices: readonly DeviceAt[]): string[] {
  return devices.map(({ label, bus, port }) => `  ${label} is on ${printable(bus)} port ${printable(port)}`);
}

function listText(vm: string, snapshots: readonly Snapshot[], terminal: Terminal): string {
  if (snapshots.length === 0) return `${printable(vm)} has no snapshots`;
  return table(
    [
      ['TAG', 'MADE', 'SIZE', 'CLOCK', 'USB', 'DISKS'],
      ...snapshots.map((one) => [
        printable(one.tag, 80),
        localTime(one.made),
        one.stateBytes === 0 ? '-' : sizeText(one.stateBytes),
        clockText(one.clock),
        one.known ? 'known' : '-',
        disksText(one),
      ]),
    ],
    { paint: terminal.outColors.bold },
  );
}

function disksText({ disks, missingOn }: Snapshot): string {
  const names = (some: readonly string[]): string => some.map((name) => printable(name, 80)).join(', ');
  return missingOn.length === 0 ? names(disks) : `${names(disks)}; not ${names(missingOn)}`;
}

/** @returns bytes as people say them: `3 MiB` */
function sizeText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const size = bytes / 1024 ** power;
  return `${size < 10 && power > 0 ? size.toFixed(1) : Math.round(size)} ${units[power]}`;
}

/** @param ms - how long a guest had run. @returns `01:02:03` */
function clockText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (figure: number): string => String(figure).padStart(2, '0');
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(':');
}
