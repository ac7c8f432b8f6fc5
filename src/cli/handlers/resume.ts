import { printable } from '../../diag/index.js';
import { openVm, type ResumedDevice, type ResumeReport, resume } from '../../vm/index.js';
import type { CommandHandler } from '../command.js';
import { suspendedDeviceDocument } from '../documents/suspended-device.js';
import { hostAccess } from '../host-access.js';
import { Progress } from '../progress.js';
import { ATTACH_TIMEOUT, WISH_WAIT } from '../timeouts.js';

export const run: CommandHandler = async (args, terminal) => {
  const host = hostAccess(terminal);
  using progress = new Progress(terminal, args.flag('verbose'));
  const operation = {
    signal: terminal.signal,
    timeout: (args.number('timeout') ?? ATTACH_TIMEOUT) * 1000,
    onProgress: progress.tell,
  };
  await using vm = await openVm(args.word('vm'), host, operation);
  const wait = args.number('wait');
  const request = { wait: (wait ?? WISH_WAIT) * 1000, waitForAll: wait !== undefined };
  const report = await resume(vm, request, host, operation);
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
  return [
    `${printable(vm)} ${already ? 'ran already' : 'runs'}`,
    ...devices.map(({ label, bus, port, back }) =>
      back ? `  ${printable(label)} is back on ${printable(bus)} port ${port}` : `  without ${printable(label)}`,
    ),
  ].join('\n');
}
