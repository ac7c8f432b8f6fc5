import { megabits as speedInMegabits } from '../../qdev/index.js';
import type { AttachedReport, AttachReport, VmAndFileChange } from '../../vm/index.js';
import { hostDeviceSummary } from './host-device.js';
import { changedDocument } from './vm-file.js';

/** For programs: what was attached, and what was added to the VM for it. */
export function attachDocument(report: AttachReport & VmAndFileChange): Record<string, unknown> {
  return {
    vm: report.vm,
    devices: report.devices.map(attachedDocument),
    added: { controllers: report.controllers, hubs: report.hubs },
    ...changedDocument(report),
  };
}

function attachedDocument({
  id,
  outcome,
  hostDevice,
  bus,
  port,
  megabits,
  native,
}: AttachedReport): Record<string, unknown> {
  return {
    id,
    outcome,
    bus,
    port: port === '' ? null : port,
    megabits: megabits ?? null,
    native: native === undefined ? null : speedInMegabits(native),
    host: hostDevice === undefined ? null : hostDeviceSummary(hostDevice),
  };
}
