import pico from 'picocolors';
import type { AgentCommands, CommandResult } from '../../agent/index.js';
import type { CommandCall, CommandRunner } from '../command.js';
import type { Terminal } from '../terminal.js';
import {
  type OfferedCommand,
  offeredCommands,
  WITHHELD,
  WITHHELD_AS_SERVICE,
  watchedCommands,
} from './offered-commands.js';
import { readRequest } from './read-request.js';

/**
 * The commands that the clients of the agent's own socket may run.
 *
 * @param terminal - the agent's: its user, its environment, its host
 */
export function serveCommands(runner: CommandRunner, terminal: Terminal): AgentCommands {
  const withheld = terminal.manager?.notifyAt === undefined ? WITHHELD : { ...WITHHELD, ...WITHHELD_AS_SERVICE };
  const offered = offeredCommands(runner.all).filter(({ name }) => !Object.hasOwn(withheld, name));
  return serve(offered, withheld, { runner, terminal, options: { mends: true } });
}

/**
 * The commands that the clients of the socket for watchers may run.
 *
 * @param terminal - the agent's; `sysfs` names the devices, without `files`: what programs do with them is not for watchers
 */
export function serveWatchers(runner: CommandRunner, terminal: Terminal): AgentCommands {
  return serve(watchedCommands(runner.all), WITHHELD, { runner, terminal, options: { mends: false } });
}

function serve(
  offered: readonly OfferedCommand[],
  withheld: Readonly<Record<string, string>>,
  serving: Serving,
): AgentCommands {
  const byName = new Map(offered.map((one) => [one.name, one]));
  return {
    verbs: [...byName.keys()],
    reasonAgainst: (verb) => (Object.hasOwn(withheld, verb) ? withheld[verb] : undefined),
    understand: ({ verb, words, options: given }) => {
      const command = byName.get(verb);
      if (command === undefined) return { wrong: `there is no command ${verb}` };
      const read = readRequest(command, words, given);
      if ('wrong' in read) return read;
      const call = { command, args: read.args };
      return { run: (signal, tell) => runCaptured(call, signal, tell, serving) };
    },
  };
}

interface Serving {
  readonly runner: CommandRunner;
  readonly terminal: Terminal;
  readonly options: { readonly mends: boolean };
}

/** Runs a command as `--json` on a terminal that nobody sees. */
async function runCaptured(
  call: CommandCall,
  signal: AbortSignal,
  tell: (progress: string) => void,
  { runner, terminal, options }: Serving,
): Promise<CommandResult> {
  const plain = pico.createColors(false);
  let out = '';
  let err = '';
  const captured: Terminal = {
    ...terminal,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    onProgress: tell,
    outEnded: undefined,
    outColors: plain,
    errColors: plain,
    columns: undefined,
    errColumns: undefined,
    input: nothing(),
    signal,
  };
  const exit = await runner.run(call, captured, options);
  const document = JSON.parse(out) as { readonly code?: unknown };
  // of a mistake in qplug itself the agent's own log has the lines to report
  if (document.code === 'internal') terminal.err(err);
  return { exit, document };
}

/** The agent's standard input is not its clients'. */
async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {
  // it ends at once
}
