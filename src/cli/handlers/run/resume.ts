import { printable } from '../../../diag/index.js';
import { resumeDocument } from '../../../view/documents/index.js';
import { type ResumeReport, resume } from '../../../vm/index.js';
import type { CommandHandler } from '../../command.js';
import { lines } from '../../render/lines.js';
import { WISH_WAIT } from '../../timeouts.js';
import { withVm } from '../shared/with-vm.js';

export const run: CommandHandler = async (args, terminal) => {
  const wait = args.number('wait');
  const request = { wait: (wait ?? WISH_WAIT) * 1000, waitForAll: wait !== undefined };
  const report = await withVm(args, terminal, (vm, host, operation) => resume(vm, request, host, operation));
  return {
    schema: 'resume',
    document: () => resumeDocument(report),
    text: () => textOf(report),
    findings: report.findings,
  };
};

function textOf({ vm, already, devices }: ResumeReport): string {
  return lines([
    `${printable(vm)} ${already ? 'was already running' : 'runs'}`,
    ...devices.map(({ label, bus, port, back }) =>
      back ? `  ${label} is back on ${printable(bus)} port ${port}` : `  without ${label}`,
    ),
  ]);
}
