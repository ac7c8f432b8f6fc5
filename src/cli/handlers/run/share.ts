import { type HostAccess, openHost } from '../../../access/index.js';
import { describe, type Finding, fail, finding, findingDocument, printable } from '../../../diag/index.js';
import { keptShareDocument, shareDocument } from '../../../view/documents/index.js';
import { endKeptShare, type KeptShareReport, keepShare, shareVm } from '../../../vm/index.js';
import type { Arguments, CommandHandler, Outcome, Streamed } from '../../command.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { jsonText } from '../../output/json-text.js';
import { renderFinding } from '../../render/finding.js';
import type { Terminal } from '../../terminal.js';
import { ATTACH_TIMEOUT } from '../../timeouts.js';
import { askRunningAgent } from '../shared/ask-running-agent.js';

export const run: CommandHandler = async (args, terminal) => {
  const host = openHost(terminal);
  if (args.flag('end')) {
    const other = ['listen', 'keep'].find((one) => (one === 'listen' ? args.text(one) !== undefined : args.flag(one)));
    if (other !== undefined) throw endsOrShares(other);
    return await outcomeOf(await endKeptShare(args.word('vm'), host, terminal.signal), terminal);
  }
  const request = { vm: args.word('vm'), listen: listenOf(args) };
  if (args.flag('keep')) return await outcomeOf(await keepShare(request, host, terminal.signal), terminal);
  return await stay(request, host, args, terminal);
};

/** Shares until Ctrl-C, or until QEMU ends. */
async function stay(
  request: Parameters<typeof shareVm>[0],
  host: HostAccess,
  args: Arguments,
  terminal: Terminal,
): Promise<Streamed> {
  const tell = (found: Finding): void => terminal.err(`${renderFinding(found, terminal)}\n`);
  const timeout = (args.number('timeout') ?? ATTACH_TIMEOUT) * 1000;
  const share = await shareVm(request, host, { signal: terminal.signal, timeout }, tell);
  const { vm, socket, listen, findings, ended } = share.facts;
  for (const found of findings) tell(found);
  const document = { schema: 'urn:qplug:share:1', ...shareDocument(share), findings: findings.map(findingDocument) };
  terminal.out(args.flag('json') ? `${jsonText(document, 2)}\n` : `${printable(listen)}\n`);
  terminal.err(`shares ${printable(socket)}: Ctrl-C ends it\n`);
  const { reason } = await ended;
  if (terminal.signal.aborted) return { exit: EXIT_CODES.interrupted };
  const { why } = describe(finding('share-ended', { vm, reason }));
  terminal.err(`${printable(vm)}: ${why}; the share has ended\n`);
  return { exit: EXIT_CODES.done };
}

async function outcomeOf(report: KeptShareReport, terminal: Terminal): Promise<Outcome> {
  const { vm, outcome } = report;
  // it looks at once, also where inotify tells it nothing
  const hasAgent = (await askRunningAgent(terminal, { do: 'look' })) !== undefined;
  const awaits = outcome !== 'ended' && !hasAgent;
  return {
    schema: 'share-kept',
    document: () => keptShareDocument(report, hasAgent),
    text: () => keptText(report),
    findings: awaits ? [finding('share-awaits-agent', { vm }, { severity: 'note' })] : [],
  };
}

function keptText({ vm, listen, outcome }: KeptShareReport): string {
  const [name, at] = [printable(vm), printable(listen)];
  switch (outcome) {
    case 'kept':
      return `the agent shares ${name} at ${at} from now on`;
    case 'changed':
      return `the agent shares ${name} at ${at} from now on, and no longer where it did`;
    case 'already':
      return `the agent is to share ${name} at ${at} already`;
    case 'ended':
      return `the agent shares ${name} no longer`;
  }
}

function endsOrShares(option: string): Error {
  const why = '--end ends a share, and makes none';
  return fail('options-conflict', { options: ['--end', `--${option}`], why, fix: 'Leave one of them out' });
}

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
