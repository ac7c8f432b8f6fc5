import { rmSync } from 'node:fs';
import { constants } from 'node:os';
import { standardHost } from '../hosts.js';
import { bundleLabCommand } from './bundle.js';
import { newLogFolder } from './logs.js';
import { boot, type Machine } from './machine.js';

/** The longest timeout that a timer allows, for a person. */
const forever = 2 ** 31 - 1;

/** Joins the machine's console to that of this process. Returns a function that undoes it. */
function join(machine: Machine, interactive: boolean): () => void {
  machine.output.pipe(process.stdout, { end: false });
  if (!interactive) return () => undefined;
  process.stdin.setRawMode(true);
  process.stdin.pipe(machine.input);
  return () => {
    process.stdin.unpipe(machine.input);
    process.stdin.setRawMode(false);
    process.stdin.pause();
  };
}

/**
 * Boots the lab for a person and runs a command in it, with its output as it comes. On a terminal the command gets that
 * terminal, with its size, keys and Ctrl-C; without one it has no input.
 *
 * @param command - for /bin/sh; an interactive shell if it is empty
 * @returns the command's exit code; 125 when the lab failed, with the reason on stderr
 */
export async function labShell(command: string): Promise<number> {
  const { stdin, stdout } = process;
  const interactive = Boolean(stdin.isTTY && stdout.isTTY);
  if (command === '' && !interactive) {
    process.stderr.write('lab: a shell needs a terminal; say what to run: npm run lab -- COMMAND\n');
    return 2;
  }
  const out = newLogFolder('shell');
  await bundleLabCommand(out);
  const terminal = { columns: stdout.columns, rows: stdout.rows, type: process.env['TERM'] ?? 'linux' };
  await using machine = boot({
    spec: { ...standardHost, kvm: true },
    out,
    command: command === '' ? 'echo "The lab. Say lab for its own commands, exit to leave."; exec bash -i' : command,
    deadline: forever,
    ...(interactive ? { terminal } : {}),
  });
  const leave = join(machine, interactive);
  const cut = (signal: 'SIGINT' | 'SIGTERM') =>
    void machine[Symbol.asyncDispose]().then(() => process.exit(128 + constants.signals[signal]));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, cut);
  try {
    const { code, why } = await machine.ended;
    if (code === undefined) {
      process.stderr.write(`lab: ${why}\n${machine.kernelWords()}\nlogs: ${out}\n`);
      return 125;
    }
    rmSync(out, { recursive: true, force: true });
    return code;
  } finally {
    leave();
  }
}
