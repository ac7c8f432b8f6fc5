import { detachDocument, driversOf } from '../../../view/documents/index.js';
import { changeTarget, type DetachedReport, detachFrom } from '../../../vm/index.js';
import type { CommandHandler } from '../../command.js';
import { lines } from '../../render/lines.js';
import { changedLines } from '../../render/vm-file.js';
import { withOperation } from '../shared/with-vm.js';

export const run: CommandHandler = async (args, terminal) => {
  const choice = { config: args.flag('config'), live: args.flag('live') };
  const report = await withOperation(args, terminal, async (host, operation) =>
    detachFrom(
      await changeTarget(args.word('vm'), choice, host, operation.signal),
      args.texts('device'),
      host,
      operation,
    ),
  );
  return {
    schema: 'detach',
    document: () => detachDocument(report),
    text: () => lines([...report.devices.map(sentence), ...changedLines(report)]),
    findings: report.findings,
  };
};

function sentence({ label, hostDevice }: DetachedReport): string {
  if (hostDevice === undefined) return `${label} detached`;
  const drivers = driversOf(hostDevice);
  return `${label} detached; ${drivers.length === 0 ? 'the host has no driver for it' : `the host has it back (${drivers.join(', ')})`}`;
}
