import { printable, sh } from '../../diag/index.js';
import { releaseDocument } from '../../view/documents/index.js';
import { type ReleaseAction, type ReleaseReport, release } from '../../vm/index.js';
import type { CommandHandler } from '../command.js';
import { lines } from '../render/lines.js';
import { withOperation } from './shared/with-vm.js';

export const run: CommandHandler = async (args, terminal) => {
  const word = args.word('device');
  const carryOut = args.flag('yes') && !args.flag('dry-run');
  const report = await withOperation(args, terminal, (host, operation) => release(word, carryOut, host, operation));
  return {
    schema: 'release',
    document: () => releaseDocument(report),
    text: () => textOf(report, word),
    findings: report.findings,
  };
};

function textOf({ label, actions, done }: ReleaseReport, word: string): string {
  if (done) return lines([`${label} is the host's again`]);
  const line = sh`qplug release ${word} --yes`;
  return lines([
    `to give ${label} back to the host:`,
    ...actions.map((one) => `  ${sentence(one)}`),
    ...(line === undefined ? [] : [`To do it: ${line.command}`]),
  ]);
}

function sentence(one: ReleaseAction): string {
  switch (one.action) {
    case 'detach':
      return `take it out of ${printable(one.vm)}, whose guest loses it`;
    case 'rebind': {
      const drivers = one.drivers.flatMap(([name, driver]) => (driver === null ? [] : [`${name} ${driver}`]));
      return drivers.length === 0
        ? 'let the kernel look for drivers where it has none'
        : `give its interfaces the drivers that they had: ${printable(drivers.join(', '), 200)}`;
    }
    case 'forget':
      return `forget that ${printable(one.vm)} has it`;
  }
}
