import { openHost } from '../../../access/index.js';
import { type Finding, fail, findingDocument, printable } from '../../../diag/index.js';
import { shareDocument } from '../../../view/documents/index.js';
import { shareVm } from '../../../vm/index.js';
import type { Arguments, CommandHandler } from '../../command.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { jsonText } from '../../output/json-text.js';
import { renderFinding } from '../../render/finding.js';
import { ATTACH_TIMEOUT } from '../../timeouts.js';

export const run: CommandHandler = async (args, terminal) => {
  const tell = (found: Finding): void => terminal.err(`${renderFinding(found, terminal)}\n`);
  const timeout = (args.number('timeout') ?? ATTACH_TIMEOUT) * 1000;
  const request = { vm: args.word('vm'), listen: listenOf(args) };
  const share = await shareVm(request, openHost(terminal), { signal: terminal.signal, timeout }, tell);
  const { vm, socket, listen, findings, ended } = share.facts;
  for (const found of findings) tell(found);
  const document = { schema: 'urn:qplug:share:1', ...shareDocument(share), findings: findings.map(findingDocument) };
  terminal.out(args.flag('json') ? `${jsonText(document, 2)}\n` : `${printable(listen)}\n`);
  terminal.err(`shares ${printable(socket)}: Ctrl-C ends it\n`);
  const reason = await ended;
  if (terminal.signal.aborted) return { exit: EXIT_CODES.interrupted };
  terminal.err(`${printable(vm)}: ${WHY_ENDED[reason.reason]}; the share has ended\n`);
  return { exit: EXIT_CODES.done };
};

const WHY_ENDED = {
  'by-us': 'qplug closed the connection',
  shutdown: 'QEMU has shut down',
  eof: 'QEMU closed the connection',
  error: 'the connection to QEMU failed',
  protocol: 'QEMU sent what is not QMP',
} as const;

/** @throws QplugError `word-missing` */
function listenOf(args: Arguments): string {
  const listen = args.text('listen');
  if (listen !== undefined) return listen;
  throw fail('word-missing', {
    command: 'share',
    what: '--listen PATH',
    describe: 'The path of the new socket',
    example: 'qplug share ./qmp.sock --listen ./shared.sock',
  });
}
