import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as dial } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { poll } from '../../../src/base/index.js';
import { connect, QmpConnectError } from '../../../src/qmp/index.js';
import { patience } from '../../patience.js';

/** A real QEMU with any words, and what it says of its character devices. */
export interface AskedQemu extends AsyncDisposable {
  readonly pid: number;
  /** Its working folder. */
  readonly folder: string;
  /** Names of its character devices as QEMU tells them, by label. */
  readonly chardevs: Readonly<Record<string, string>>;
}

/** The label of the monitor that a test asks: in a file of `-readconfig`, since that leaves QEMU's own defaults as they are. */
export const ASKED = 'asked';

/** Options of a machine without devices. */
export const NO_MACHINE: readonly string[] = ['-M', 'none', '-S', '-display', 'none'];

/**
 * Starts a QEMU in a folder of its own, and asks for its character devices.
 *
 * @param words - all options
 * @param more - `fd3`: the descriptor that becomes its third · `argv0`: what it is called instead
 */
export async function askedQemu(
  words: readonly string[] | ((folder: string) => readonly string[]),
  more: { readonly fd3?: number; readonly argv0?: string } = {},
): Promise<AskedQemu> {
  const folder = mkdtempSync(join(tmpdir(), 'qemu-asked-'));
  const socket = join(folder, 'asked.sock');
  const config = join(folder, 'asked.cfg');
  writeFileSync(
    config,
    `[chardev "${ASKED}"]\n  backend = "socket"\n  path = "${socket}"\n  server = "on"\n  wait = "off"\n` +
      `[mon "m"]\n  chardev = "${ASKED}"\n  mode = "control"\n`,
  );
  const given = typeof words === 'function' ? words(folder) : words;
  const child = spawn('qemu-system-x86_64', [...given, '-readconfig', config], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe', ...(more.fd3 === undefined ? [] : [more.fd3])],
    ...(more.argv0 === undefined ? {} : { argv0: more.argv0 }),
  });
  let stderr = '';
  child.stderr?.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const stop = async (): Promise<void> => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const chardevs = await poll(() => chardevsBehind(socket, child), { interval: 20, signal: patience() });
    return { pid: child.pid ?? 0, folder, chardevs, [Symbol.asyncDispose]: stop };
  } catch (cause) {
    await stop();
    throw new Error(`QEMU did not answer: ${stderr}`, { cause });
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function chardevsBehind(socket: string, child: ChildProcess): Promise<Record<string, string> | undefined> {
  if (child.exitCode !== null) throw new Error('it ended');
  try {
    const qmp = await connect({ path: socket });
    try {
      const list = await qmp.execute('query-chardev');
      return Object.fromEntries(list.map((one) => [one.label, one.filename]));
    } finally {
      await qmp.close();
    }
  } catch (error) {
    if (error instanceof QmpConnectError && ['qmp-no-socket', 'qmp-refused'].includes(error.code)) return undefined;
    throw error;
  }
}

/** @returns what a monitor speaks, by what it says first */
export async function spokenAt(
  address: { readonly path: string } | { readonly host: string; readonly port: number },
): Promise<'qmp' | 'hmp'> {
  const socket = dial(address);
  try {
    let said = '';
    for await (const chunk of socket) {
      said += String(chunk);
      if (said.includes('{"QMP"') || /"QMP": \{/.test(said)) return 'qmp';
      if (/QEMU .* monitor/.test(said)) return 'hmp';
    }
    throw new Error(`neither QMP nor HMP: ${said}`);
  } finally {
    socket.destroy();
  }
}
