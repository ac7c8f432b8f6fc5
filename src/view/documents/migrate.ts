import type { MigrateReport, StayedDevice } from '../../vm/index.js';

/** For programs: where a guest went, and which devices stayed. */
export function migrateDocument(report: MigrateReport): Record<string, unknown> {
  const { vm, uri, transferred, totalTime, downtime, devices, ended } = report;
  return {
    vm,
    uri,
    transferred: transferred ?? null,
    totalTime: totalTime ?? null,
    downtime: downtime ?? null,
    devices: devices.map((device) => ({ ...device, attach: attachWords(vm, device) })),
    ended: ended ?? null,
  };
}

/** The command line that attaches the device to the guest again on the other host. */
function attachWords(vm: string, { selector, bus, port }: StayedDevice): string[] {
  return ['qplug', 'attach', vm, selector, '--controller', bus, '--port', port];
}
