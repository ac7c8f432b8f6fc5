import { printable } from '../../../diag/index.js';
import { suspendDocument } from '../../../view/documents/index.js';
import { type SuspendReport, suspend } from '../../../vm/index.js';
import type { CommandHandler } from '../../command.js';
import { lines } from '../../render/lines.js';
import { withVm } from '../shared/with-vm.js';

export const run: CommandHandler = async (args, terminal) => {
  const request = { keep: args.flag('keep') };
  const report = await withVm(args, terminal, (vm, host, operation) => suspend(vm, request, host, operation));
  return {
    schema: 'suspend',
    document: () => suspendDocument(report),
    text: () => textOf(report),
    findings: report.findings,
  };
};

function textOf({ vm, already, devices }: SuspendReport): string {
  return lines([
    `${printable(vm)} ${already ? 'was already paused' : 'is paused'}`,
    ...devices.map(
      ({ label, bus, port }) => `  the host has ${label}; resume plugs it back into ${printable(bus)} port ${port}`,
    ),
  ]);
}
