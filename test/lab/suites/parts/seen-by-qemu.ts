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

/**
 * Asks the harness's own monitor: the bus and `attached` from QOM, port and speed from `info usb`.
 *
 * @throws AssertionError when QEMU does not show that id exactly once
 */
export async function seenByQemu(vm: NestedQemu, id: string): Promise<SeenByQemu> {
  const lines = (await usbOf(vm)).split('\n').filter((line) => line.trimEnd().endsWith(`, ID: ${id}`));
  assert.equal(lines.length, 1, `QEMU shows ${id} once`);
  const [, port = '', speed] = /^ *Device [\d.]+, Port ([\d.]+), Speed ([\d.]+) Mb\/s, /.exec(lines[0] ?? '') ?? [];
  const path = `/machine/peripheral/${id}`;
  const bus = basename(String(await vm.qmp.get(path, 'parent_bus')));
  return { bus, port, megabits: Number(speed), attached: (await vm.qmp.get(path, 'attached')) === true };
}

/** How many USB devices, hubs included, QEMU shows. */
export async function countByQemu(vm: NestedQemu): Promise<number> {
  return (await usbOf(vm)).split('\n').filter((line) => line.includes('Device ')).length;
}
