import { openHost } from '../../../access/index.js';
import { printable } from '../../../diag/index.js';
import { labelOf } from '../../../host/index.js';
import { assignDocument } from '../../../view/documents/index.js';
import { type AssignedReport, assign } from '../../../vm/index.js';
import type { CommandHandler } from '../../command.js';
import { lines } from '../../render/lines.js';

export const run: CommandHandler = async (args, terminal) => {
  const options = {
    controller: args.text('controller'),
    port: args.text('port'),
    slower: args.text('slower') as 'refuse' | 'allow' | undefined,
    also: args.texts('also'),
    hold: args.number('hold'),
    ask: args.flag('ask') ? (true as const) : undefined,
  };
  const request = { selectors: args.texts('selector'), options };
  const report = await assign(args.word('vm'), request, openHost(terminal), terminal.signal);
  return {
    schema: 'assign',
    document: () => assignDocument(report),
    text: () => lines(report.assignments.flatMap((one) => sentences(one, report.vm))),
    findings: report.findings,
  };
};

function sentences({ assignment, outcome, devices }: AssignedReport, vm: string): string[] {
  const { id, select } = assignment;
  const name = printable(select, 160);
  const did =
    outcome === 'made'
      ? `assigned ${name} to ${printable(vm)}, number ${id}`
      : `${name} was assigned to ${printable(vm)} before, number ${id}; its options are the new ones`;
  return [did, ...(devices.length === 0 ? ['not plugged in now'] : devices.map(labelOf)).map((line) => `  ${line}`)];
}
