import pico from 'picocolors';
import { runCommandLine } from '../../../src/cli/run-command-line.js';
import type { Terminal } from '../../../src/cli/terminal.js';

/** A terminal that remembers. */
export interface FakeTerminal extends Terminal {
  readonly stdout: () => string;
  readonly stderr: () => string;
}

/** @param more - what is not as on a terminal of 80 columns without colours */
export function fakeTerminal(more: Partial<Terminal> = {}): FakeTerminal {
  let stdout = '';
  let stderr = '';
  return {
    out: (text) => {
      stdout += text;
    },
    err: (text) => {
      stderr += text;
    },
    outColors: pico.createColors(false),
    errColors: pico.createColors(false),
    columns: 80,
    errColumns: undefined,
    env: { PATH: process.env['PATH'] },
    uid: 0,
    signal: new AbortController().signal,
    ...more,
    stdout: () => stdout,
    stderr: () => stderr,
  };
}

/** What a command line came to. */
export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process. */
export async function qplug(words: readonly string[], more: Partial<Terminal> = {}): Promise<Ran> {
  const terminal = fakeTerminal(more);
  const exit = await runCommandLine(words, terminal);
  return { exit, out: terminal.stdout(), err: terminal.stderr() };
}

/** The JSON document of a command line. */
export async function documentOf(
  words: readonly string[],
  more: Partial<Terminal> = {},
): Promise<Record<string, unknown>> {
  const { out } = await qplug([...words, '--json'], more);
  return JSON.parse(out);
}
