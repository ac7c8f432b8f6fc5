import { openHost } from '../../../access/index.js';
import { fail, printable } from '../../../diag/index.js';
import { unassignDocument } from '../../../view/documents/index.js';
import { unassign } from '../../../vm/index.js';
import type { CommandHandler } from '../../command.js';
import { lines } from '../../render/lines.js';

export const run: CommandHandler = async (args, terminal) => {
  const words = args.texts('assignment');
  const vm = args.word('vm');
  const all = args.flag('all');
  if (all && words.length > 0) {
    const why = '--all means every assignment of the VM';
    throw fail('options-conflict', { options: ['--all', ...words], why, fix: 'Leave one of them out' });
  }
  if (!all && words.length === 0) throw fail('unassign-nothing', { vm });
  const report = await unassign(vm, all ? 'all' : words, openHost(terminal), terminal.signal);
  return {
    schema: 'unassign',
    document: () => unassignDocument(report),
    text: () =>
      lines(
        report.assignments.map(
          ({ id, select }) =>
            `${printable(select, 160)} is no longer assigned to ${printable(report.vm)} (number ${id})`,
        ),
      ),
    findings: report.findings,
  };
};
