import { openHost } from '../../../access/index.js';
import { Agent, askAgent } from '../../../agent/index.js';
import type { ServiceManager } from '../../../base/index.js';
import { type Finding, fail } from '../../../diag/index.js';
import { realSysfs } from '../../../host/index.js';
import { runtimeDir } from '../../../registry/index.js';
import { notifyManager, Watchdog } from '../../../service/index.js';
import type { Arguments, CommandHandler, CommandRunner, Outcome, Streamed } from '../../command.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { forJournal, type Level } from '../../output/journal-lines.js';
import { jsonText } from '../../output/json-text.js';
import { renderAccounts } from '../../render/agent-accounts.js';
import { levelOfEvent, renderAgentEvent } from '../../render/agent-event.js';
import { readShares, shareSentence } from '../../render/agent-shares.js';
import { renderFinding } from '../../render/finding.js';
import { lines } from '../../render/lines.js';
import { serveCommands, serveWatchers } from '../../serve/serve-commands.js';
import type { Terminal } from '../../terminal.js';
import { manageUnits } from './agent-units.js';

export const run: CommandHandler = async (args, terminal, commands) => {
  const verb = args.text('verb');
  if (verb === 'install' || verb === 'uninstall') return manageUnits(verb, args.flag('dry-run'), terminal);
  if (args.flag('dry-run'))
    throw fail('options-conflict', { ...DRY_RUN, options: [verb ?? 'qplug agent', '--dry-run'] });
  if (verb === undefined) return await stay(args, terminal, commands);
  if (args.text('watch-socket') !== undefined) throw watchesOnlyWhenItStays(verb);
  return await ask(verb, terminal);
};

const DRY_RUN = { why: 'only install and uninstall write anything', fix: 'qplug agent install --dry-run' };

function watchesOnlyWhenItStays(verb: string): Error {
  const why = '--watch-socket is for the agent that stays';
  return fail('options-conflict', { options: ['--watch-socket', verb], why, fix: 'Leave one of them out' });
}

/** Runs the agent until Ctrl-C, or until its service manager ends it. */
async function stay(args: Arguments, terminal: Terminal, runner: CommandRunner): Promise<Streamed> {
  const { signal, manager } = terminal;
  const tellLine = (text: string, level: Level): void => terminal.err(`${forJournal(text, level, terminal)}\n`);
  const onFindings = (findings: readonly Finding[]): void => {
    for (const found of findings) tellLine(renderFinding(found, terminal), found.severity);
  };
  const inherited = { control: manager?.sockets.get('control'), uevent: manager?.sockets.get('uevent') };
  const runtime = runtimeDir(terminal.env, terminal.uid);
  const commands = {
    control: serveCommands(runner, terminal),
    // without `files`: a watcher learns of devices and claims, and not which programs use a device
    watch: serveWatchers(runner, { ...terminal, sysfs: terminal.sysfs ?? realSysfs(), files: undefined }),
  };
  const watch = args.text('watch-socket');
  const options = { signal, runtime, inherited, onFindings, commands, watch };
  await using agent = await Agent.start(openHost(terminal), options);
  await using _watchdog = watchdogOf(agent, manager, onFindings);
  tellLine(
    `the agent runs; ${manager?.notifyAt === undefined ? 'Ctrl-C ends it, and no VM notices' : 'systemd started it'}`,
    'info',
  );
  const told = tell(agent, args, terminal, tellLine);
  await agent.ended;
  await told;
  return { exit: EXIT_CODES.done };
}

/** @returns undefined if nobody waits for a sign of life */
function watchdogOf(
  agent: Agent,
  manager: ServiceManager | undefined,
  onFindings: (findings: readonly Finding[]) => void,
): Watchdog | undefined {
  const { notifyAt, watchdog } = manager ?? {};
  if (notifyAt === undefined || watchdog === undefined) return undefined;
  const beat = (signal: AbortSignal): Promise<void> => notifyManager(notifyAt, ['WATCHDOG=1'], signal);
  return new Watchdog(agent, watchdog, beat, (findings) =>
    onFindings(findings.map((one) => ({ ...one, severity: 'warning' }))),
  );
}

async function tell(
  agent: Agent,
  args: Arguments,
  terminal: Terminal,
  tellLine: (text: string, level: Level) => void,
): Promise<void> {
  for await (const event of agent.log.read(1, terminal.signal)) {
    if (args.flag('json')) terminal.out(`${jsonText({ schema: 'urn:qplug:agent-event:1', ...event })}\n`);
    else tellLine(renderAgentEvent(event), levelOfEvent(event));
  }
}

function statusText({ accounts, shares }: Readonly<Record<string, unknown>>): string {
  const more = readShares(shares).map(shareSentence);
  return more.length === 0 ? renderAccounts(accounts) : `${renderAccounts(accounts)}\n${lines(more)}`;
}

/** Asks the running agent. */
async function ask(verb: string, terminal: Terminal): Promise<Outcome> {
  const runtime = runtimeDir(terminal.env, terminal.uid);
  const request = { do: verb === 'status' ? 'accounts' : verb };
  for await (const answer of askAgent(runtime, request, terminal.signal)) {
    const { id: _, ...document } = answer;
    const left = Array.isArray(document['left']) ? document['left'].map(String) : [];
    return {
      schema: verb === 'status' ? 'agent-status' : 'agent-hold',
      document: () => document,
      text: () => (verb === 'status' ? statusText(document) : ''),
      exit: left.length === 0 ? EXIT_CODES.done : EXIT_CODES.failed,
    };
  }
  throw fail('agent-lost', { socket: runtime });
}
