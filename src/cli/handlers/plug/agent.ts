import { openHost } from '../../../access/index.js';
import { Agent, askAgent } from '../../../agent/index.js';
import { type Finding, fail } from '../../../diag/index.js';
import { runtimeDir } from '../../../registry/index.js';
import type { Arguments, CommandHandler, Outcome, Streamed } from '../../command.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { jsonText } from '../../output/json-text.js';
import { renderAccounts } from '../../render/agent-accounts.js';
import { renderAgentEvent } from '../../render/agent-event.js';
import { renderFinding } from '../../render/finding.js';
import type { Terminal } from '../../terminal.js';

export const run: CommandHandler = async (args, terminal) => {
  return args.text('verb') === undefined ? await stay(args, terminal) : await ask(args.text('verb') ?? '', terminal);
};

/** Runs the agent until Ctrl-C. */
async function stay(args: Arguments, terminal: Terminal): Promise<Streamed> {
  const { signal } = terminal;
  const onFindings = (findings: readonly Finding[]): void => {
    for (const found of findings) terminal.err(`${renderFinding(found, terminal)}\n`);
  };
  const runtime = runtimeDir(terminal.env, terminal.uid);
  await using agent = await Agent.start(openHost(terminal), { signal, runtime, onFindings });
  terminal.err('the agent runs; Ctrl-C ends it, and no VM notices\n');
  const told = tell(agent, args, terminal);
  await agent.ended;
  await told;
  return { exit: EXIT_CODES.done };
}

async function tell(agent: Agent, args: Arguments, terminal: Terminal): Promise<void> {
  for await (const event of agent.log.read(1, terminal.signal)) {
    if (args.flag('json')) terminal.out(`${jsonText({ schema: 'urn:qplug:agent-event:1', ...event })}\n`);
    else terminal.err(`${renderAgentEvent(event)}\n`);
  }
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
      text: () => (verb === 'status' ? renderAccounts(document['accounts']) : ''),
      exit: left.length === 0 ? EXIT_CODES.done : EXIT_CODES.failed,
    };
  }
  throw fail('agent-lost', { socket: runtime });
}
