import { printable } from '../../diag/index.js';
import { type ResumedDevice, type ResumeReport, resume } from '../../vm/index.js';
import type { CommandHandler } from '../command.js';
import { suspendedDeviceDocument } from '../documents/suspended-device.js';
import { lines } from '../lines.js';
import { WISH_WAIT } from '../timeouts.js';
import { withVm } from '../with-vm.js';

export const run: CommandHandler = async (args, terminal) => {
  const wait = args.number('wait');
  const request = { wait: (wait ?? WISH_WAIT) * 1000, waitForAll: wait !== undefined };
  const report = await withVm(args, terminal, (vm, host, operation) => resume(vm, request, host, operation));
  return {
    schema: 'resume',
    document: () => ({ vm: report.vm, already: report.already, devices: report.devices.map(documentOf) }),
    text: () => textOf(report),
    findings: report.findings,
  };
};

function documentOf(device: ResumedDevice): Record<string, unknown> {
  return { ...suspendedDeviceDocument(device), back: device.back };
}

function textOf({ vm, already, devices }: ResumeReport): string {
  return lines([
    `${printable(vm)} ${already ? 'was already running' : 'runs'}`,
    ...devices.map(({ label, bus, port, back }) =>
      back ? `  ${label} is back on ${printable(bus)} port ${port}` : `  without ${label}`,
    ),
  ]);
}
