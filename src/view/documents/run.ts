import { megabits } from '../../qdev/index.js';
import type { RunningVm } from '../../vm/index.js';

/** For programs: a VM that was started. */
export function runDocument({ record, devices, paused }: RunningVm): Record<string, unknown> {
  return {
    vm: record.name,
    pid: record.qemu?.pid ?? null,
    sockets: record.sockets,
    log: record.log,
    paused,
    devices: devices.map(({ key, label, bus, port, speed, native }) => ({
      id: key,
      label,
      bus,
      port,
      megabits: megabits(speed),
      native: megabits(native),
    })),
  };
}
