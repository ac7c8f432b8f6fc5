import { type Guard, printable } from '../../diag/index.js';
import { formatId, type HostDevice, type HostInventory } from '../../host/index.js';
import type { Claim } from '../../registry/index.js';
import type { DeviceNotes } from '../../view/documents/index.js';
import { speedText } from '../../view/text/index.js';
import type { Terminal } from '../terminal.js';
import { table } from './table.js';

/** Host devices, one a line. */
export function renderDevices(
  devices: readonly HostDevice[],
  inventory: HostInventory,
  { outColors, columns }: Pick<Terminal, 'outColors' | 'columns'>,
  { claims, guards = new Map() }: DeviceNotes = {},
): string {
  if (devices.length === 0) return inventory.devices.length === 0 ? noDevices(inventory) : 'no USB device matches';
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

/** What stands in place of devices where there are none: on this host, or in the file that was looked at. */
export function noDevices({ file }: HostInventory): string {
  if (file === undefined) return 'no USB devices on this host';
  return `no USB devices in ${file === '-' ? 'the input' : printable(file)}`;
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
    speedText(device.megabits),
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
