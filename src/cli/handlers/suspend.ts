import { printable } from '../../diag/index.js';
import { openVm, type SuspendReport, suspend } from '../../vm/index.js';
import type { CommandHandler } from '../command.js';
import { suspendedDeviceDocument } from '../documents/suspended-device.js';
import { hostAccess } from '../host-access.js';
import { Progress } from '../progress.js';
import { ATTACH_TIMEOUT } from '../timeouts.js';

export const run: CommandHandler = async (args, terminal) => {
  const host = hostAccess(terminal);
  using progress = new Progress(terminal, args.flag('verbose'));
  const operation = {
    signal: terminal.signal,
    timeout: (args.number('timeout') ?? ATTACH_TIMEOUT) * 1000,
    onProgress: progress.tell,
  };
  await using vm = await openVm(args.word('vm'), host, operation);
  const report = await suspend(vm, { keep: args.flag('keep') }, host, operation);
  return {
    schema: 'suspend',
    document: () => ({ vm: report.vm, already: report.already, devices: report.devices.map(suspendedDeviceDocument) }),
    text: () => textOf(report),
    findings: report.findings,
  };
};

function textOf({ vm, already, devices }: SuspendReport): string {
  return [
    `${printable(vm)} ${already ? 'stood still already' : 'stands still'}`,
    ...devices.map(
      ({ label, bus, port }) =>
        `  the host has ${printable(label)}; resume brings it back to ${printable(bus)} port ${port}`,
    ),
  ].join('\n');
}
