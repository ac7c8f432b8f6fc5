import assert from 'node:assert/strict';
import { basename } from 'node:path';
import type { NestedQemu } from '../../inside/nested-qemu.js';
import { usbOf } from './as-before.js';

/** Where QEMU itself says that a device of an id is. */
export interface SeenByQemu {
  readonly bus: string;
  readonly port: string;
  readonly megabits: number;
  readonly attached: boolean;
}

const line = /^ *Device [\d.]+, Port ([\d.]+), Speed ([\d.]+) Mb\/s, Product .*, ID: (\S+)\s*$/;

/**
 * Asks the harness's own monitor: the bus and `attached` from QOM, port and speed from `info usb`.
 *
 * @throws AssertionError when QEMU does not show that id exactly once
 */
export async function seenByQemu(vm: NestedQemu, id: string): Promise<SeenByQemu> {
  const lines = (await usbOf(vm)).split('\n').flatMap((text) => {
    const [, port = '', speed, shown] = line.exec(text) ?? [];
    return shown === id ? [{ port, megabits: Number(speed) }] : [];
  });
  const [found] = lines;
  assert.ok(found && lines.length === 1, `QEMU shows ${id} once`);
  const path = `/machine/peripheral/${id}`;
  const bus = basename(String(await vm.qmp.get(path, 'parent_bus')));
  return { ...found, bus, attached: (await vm.qmp.get(path, 'attached')) === true };
}

/** The speed in Mb/s of every device with an id, as QEMU shows it. */
export async function speedsByQemu(vm: NestedQemu): Promise<Map<string, number>> {
  const lines = (await usbOf(vm)).split('\n').map((text) => line.exec(text) ?? []);
  return new Map(lines.flatMap(([, , speed, id]) => (id === undefined ? [] : [[id, Number(speed)] as const])));
}

/** How many USB devices, hubs included, QEMU shows. */
export async function countByQemu(vm: NestedQemu): Promise<number> {
  return (await usbOf(vm)).split('\n').filter((text) => text.includes('Device ')).length;
}
