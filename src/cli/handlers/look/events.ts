import { askAgent, type LoggedEvent, type Resync } from '../../../agent/index.js';
import { printable } from '../../../diag/index.js';
import { runtimeDir } from '../../../registry/index.js';
import type { CommandHandler } from '../../command.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { jsonText } from '../../output/json-text.js';
import { renderAgentEvent } from '../../render/agent-event.js';

export const run: CommandHandler = async (args, terminal) => {
  const runtime = runtimeDir(terminal.env, terminal.uid);
  const ended = terminal.outEnded ?? new AbortController().signal;
  const signal = AbortSignal.any([terminal.signal, ended]);
  const [since, vm] = [args.number('since'), args.text('vm')];
  const request = { do: 'events', ...(since === undefined ? {} : { since }), ...(vm === undefined ? {} : { vm }) };
  for await (const { id: _, ...event } of askAgent(runtime, request, signal)) {
    if (args.flag('json')) terminal.out(`${jsonText({ schema: 'urn:qplug:agent-event:1', ...event })}\n`);
    else terminal.out(`${textOf(event)}\n`);
  }
  return { exit: terminal.signal.aborted ? EXIT_CODES.interrupted : EXIT_CODES.done };
};

/** @returns one line; of an event that this release does not know, its data */
function textOf(event: Readonly<Record<string, unknown>>): string {
  try {
    return renderAgentEvent(event as unknown as LoggedEvent | Resync);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return printable(jsonText(event));
  }
}
