import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHost } from '../../../src/access/index.js';
import { Agent } from '../../../src/agent/index.js';
import { poll } from '../../../src/base/index.js';
import { COMMANDS } from '../../../src/cli/commands/index.js';
import { commandRunner } from '../../../src/cli/run-command.js';
import { serveCommands, serveWatchers } from '../../../src/cli/serve/serve-commands.js';
import type { Terminal } from '../../../src/cli/terminal.js';
import { recordedSysfs, type SysfsReader } from '../../../src/host/index.js';
import { patience } from '../../patience.js';
import { type FakeTerminal, fakeTerminal } from '../cli/fake-terminal.js';
import { SIX } from './sights.js';

/** An agent that serves the commands of the command line, in folders of its own. */
export interface RealAgent extends AsyncDisposable {
  readonly agent: Agent;
  readonly terminal: FakeTerminal;
  readonly folder: string;
  /** Its runtime folder. */
  readonly runtime: string;
  readonly control: string;
  /** The socket for watchers. */
  readonly watch: string;
}

/** @param sysfs - its host; default a recorded one with six devices */
export async function startRealAgent({
  sysfs = recordedSysfs(SIX),
  ...more
}: { readonly sysfs?: SysfsReader } & Partial<Terminal> = {}): Promise<RealAgent> {
  const folder = mkdtempSync(join(tmpdir(), 'qplug-agent-'));
  const runtime = join(folder, 'run');
  const env = { PATH: process.env['PATH'], QPLUG_RUNTIME_DIR: runtime, QPLUG_STATE_DIR: join(folder, 'state') };
  const terminal = fakeTerminal({ env, uid: process.getuid?.() ?? 0, sysfs, ...more });
  mkdirSync(join(folder, 'nodes'));
  mkdirSync(join(folder, 'seen'), { mode: 0o750 });
  const runner = commandRunner(COMMANDS);
  const watch = join(folder, 'seen/agent.sock');
  const agent = await Agent.start(openHost(terminal), {
    ...{ signal: new AbortController().signal, nodes: join(folder, 'nodes'), runtime, watch },
    commands: { control: serveCommands(runner, terminal), watch: serveWatchers(runner, terminal) },
  });
  await poll(() => agent.looks > 0, { interval: 1, signal: patience() });
  return {
    ...{ agent, terminal, folder, runtime, control: join(runtime, 'agent/control.sock'), watch },
    async [Symbol.asyncDispose]() {
      await agent[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}
