import { join } from 'node:path';
import { identifyProcess, type ProcessIdentity } from '../../../src/base/index.js';
import type { VmRecord } from '../../../src/registry/index.js';

/** This process. */
export const SELF = identifyProcess(process.pid) as ProcessIdentity;

/** A process that was and is no more: our pid, with another start. */
export const DEAD: ProcessIdentity = { ...SELF, startTime: SELF.startTime - 1 };

export function recordOf(name: string, folder: string, more: Partial<VmRecord> = {}): VmRecord {
  const own = join(folder, 'vm', name);
  return {
    format: 1,
    name,
    file: '/vms/bench.yaml',
    binary: 'qemu-system-x86_64',
    sockets: { qplug: join(own, 'qplug.sock'), owner: join(own, 'qmp.sock') },
    log: join(own, 'qemu.log'),
    launcher: SELF,
    qemu: undefined,
    created: '2026-01-01T00:00:00.000Z',
    ...more,
  };
}
