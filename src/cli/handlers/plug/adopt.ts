import { openHost } from '../../../access/index.js';
import { fail, finding, printable } from '../../../diag/index.js';
import { adoptDocument } from '../../../view/documents/index.js';
import { type AdoptReport, adopt, type ForgetReport, forgetAdopted } from '../../../vm/index.js';
import type { CommandHandler } from '../../command.js';
import { lines } from '../../render/lines.js';
import { whichVm } from '../../render/which-vm.js';

export const run: CommandHandler = async (args, terminal) => {
  const word = args.word('socket');
  const name = args.text('name');
  if (args.flag('forget')) {
    if (name !== undefined) throw conflict(name);
    const forgotten = await forgetAdopted(word, openHost(terminal), terminal.signal);
    return { schema: 'adopt', document: () => adoptDocument(forgotten), text: () => forgottenText(forgotten) };
  }
  if (name === undefined) throw fail('adopt-nameless', { socket: word });
  const report = await adopt(word, name, openHost(terminal), terminal.signal);
  const findings = report.socket.startsWith('tcp:')
    ? [finding('qmp-port-unprotected', { address: report.socket }, { severity: 'note' })]
    : [];
  return { schema: 'adopt', document: () => adoptDocument(report), text: () => adoptedText(report), findings };
};

function conflict(name: string): Error {
  const why = '--forget takes a name away';
  return fail('options-conflict', { options: ['--forget', '--name'], why, fix: `write: qplug adopt --forget ${name}` });
}

function adoptedText({ name, socket, already }: AdoptReport): string {
  return `${printable(name)} is ${already ? 'already ' : ''}${whichVm(socket)}`;
}

function forgottenText({ name, socket, assignments, share }: ForgetReport): string {
  return lines([
    `${printable(name)} is no longer ${whichVm(socket)}`,
    ...(assignments === 0 ? [] : [`  its assignments stay (${assignments}), for a VM that gets the name later`]),
    ...(share === undefined ? [] : [`  the agent shares it no longer at ${printable(share)}`]),
  ]);
}
