import type { Colors } from 'picocolors/types.js';
import { type Guard, printable } from '../diag/index.js';
import { formatId, formatLocation, type GuardsByPort, type HostDevice, type HostInventory } from '../host/index.js';
import type { Claim } from '../registry/index.js';
import { renderSpeed } from './render-speed.js';
import { table } from './table.js';
import type { Terminal } from './terminal.js';
import { cut, roomAfter } from './text-width.js';

/** What is known of devices beyond what they say themselves, by port. Undefined: nobody looked. */
interface DeviceNotes {
  readonly claims?: ReadonlyMap<string, Claim> | undefined;
  readonly guards?: GuardsByPort | undefined;
}

/** Host devices, one a line. */
export function renderDevices(
  devices: readonly HostDevice[],
  inventory: HostInventory,
  { outColors, columns }: Pick<Terminal, 'outColors' | 'columns'>,
  { claims, guards = new Map() }: DeviceNotes = {},
): string {
  if (devices.length === 0)
    return inventory.devices.length === 0 ? 'no USB devices on this host' : 'no USB device matches';
  // a column that would be empty is left out
  const owned = claims !== undefined && claims.size > 0;
  const row = ([port = '', id = '', speed = '', ...rest]: readonly string[], vm: string): string[] =>
    owned ? [port, id, speed, vm, ...rest] : [port, id, speed, ...rest];
  const heading = row(['PORT', 'ID', 'SPEED', 'DRIVER', 'SERIAL', 'NAME'], 'VM');
  const rows = devices.map((device) => {
    const claim = claims?.get(device.port);
    // which VM has it open stands in a column of its own
    const needs = (guards.get(device.port) ?? []).filter(({ kind }) => kind !== 'in-use' || claim === undefined);
    return row(cellsOf(device, needs), ownerOf(claim));
  });
  return table([heading, ...rows], { paint: outColors.bold, columns });
}

/** @returns the VM that a device belongs to, and how far that is where it is not settled */
function ownerOf(claim: Claim | undefined): string {
  if (claim === undefined) return '-';
  const { owner, state } = claim;
  return `${printable(owner.vm, 24)}${state === 'attached' ? '' : ` (${state})`}`;
}

/** What was plugged or pulled, on one line. */
export function renderDeviceEvent(event: string, device: HostDevice): string {
  const [port, id, speed, , , name] = cellsOf(device, []);
  return [event, port, id, speed, name].join('  ');
}

function cellsOf(device: HostDevice, guards: readonly Guard[]): string[] {
  return [
    device.port,
    formatId(device.vendorId, device.productId),
    renderSpeed(device.megabits),
    printable(driversOf(device), 24),
    printable(device.serial ?? '-', 24),
    `${ACCESS[device.access]}${guardMark(guards)}${printable(device.name, 60)}`,
  ];
}

/** @returns `[mount, swap] `: why this host needs it, by the names that `--guard-off` takes */
function guardMark(guards: readonly Guard[]): string {
  return guards.length === 0 ? '' : `[${[...new Set(guards.map(({ kind }) => kind))].join(', ')}] `;
}

/** Stands before the name, where it is not cut. */
const ACCESS: Readonly<Record<HostDevice['access'], string>> = {
  usable: '',
  denied: '(not yours to open) ',
  missing: '(no device node) ',
  unknown: '',
};

/** @returns the drivers of the interfaces, each once; `usbfs` is said in words people know */
function driversOf({ interfaces }: HostDevice): string {
  const names = new Set(interfaces.map(({ driver }) => (driver === 'usbfs' ? 'in use' : (driver ?? '-'))));
  return names.size === 0 ? '-' : [...names].join(',');
}

/** Host devices where they hang: controllers, root hubs, hubs. */
export function renderDeviceTree(
  devices: readonly HostDevice[],
  inventory: HostInventory,
  terminal: Pick<Terminal, 'outColors' | 'columns'>,
): string {
  const { outColors: colors, columns } = terminal;
  const shown = new Set(devices.map((one) => one.port));
  const lines: string[] = [];
  for (const root of inventory.hubs.filter((hub) => hub.chain.length === 0)) {
    lines.push(
      `${colors.bold(`bus ${root.bus}`)}  ${renderSpeed(root.megabits)}  ${printable(formatLocation(root).replace(/\/$/, ''))}`,
    );
    lines.push(...branch(root, inventory, shown, '', { colors, columns }));
  }
  return lines.join('\n');
}

function branch(
  hub: HostDevice,
  inventory: HostInventory,
  shown: ReadonlySet<string>,
  indent: string,
  paper: { readonly colors: Colors; readonly columns: number | undefined },
): string[] {
  const below = [...inventory.devices.filter((one) => shown.has(one.port)), ...inventory.hubs]
    .filter((one) => one.bus === hub.bus && one.chain.length === hub.chain.length + 1)
    .filter((one) => hub.chain.every((port, level) => one.chain[level] === port))
    .sort((a, b) => (a.chain.at(-1) ?? 0) - (b.chain.at(-1) ?? 0));
  return below.flatMap((device, index) => {
    const last = index === below.length - 1;
    const id = formatId(device.vendorId, device.productId);
    const before = `${indent}${last ? '└─ ' : '├─ '}${device.port}  ${id}  ${renderSpeed(device.megabits)}  `;
    const name = cut(printable(device.name, 60), roomAfter(before, paper.columns));
    return [
      before + (device.isHub ? paper.colors.dim(name) : name),
      ...branch(device, inventory, shown, `${indent}${last ? '   ' : '│  '}`, paper),
    ];
  });
}
