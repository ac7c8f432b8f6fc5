import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { poll } from '../../../src/base/index.js';
import { connect, QmpConnectError, type QmpConnection } from '../../../src/qmp/index.js';
import { patience } from '../../patience.js';

/** A real QEMU with one QMP socket, started by hand. */
export interface PlainQemu extends AsyncDisposable {
  readonly process: ChildProcess;
  /** `vm.qmp` in a folder of its own. */
  readonly socket: string;
  readonly folder: string;
  /** What it said on stderr so far, and how it ended, if it has. */
  words(): string;
}

/**
 * Starts a QEMU without display and default devices, with its CPUs stopped, and waits until its socket answers.
 *
 * @param args - after `-S -display none -nodefaults -qmp …`; they name the machine
 */
export function startQemu(...args: string[]): Promise<PlainQemu> {
  return startQemuOf({ command: ['qemu-system-x86_64'] }, ...args);
}

/** The same of another QEMU. @param program - its `command` and what its environment needs */
export async function startQemuOf(
  { command, env }: { readonly command: readonly string[]; readonly env?: Readonly<Record<string, string>> },
  ...args: string[]
): Promise<PlainQemu> {
  const [program = '', ...first] = command;
  const folder = mkdtempSync(join(tmpdir(), 'qemu-'));
  const socket = join(folder, 'vm.qmp');
  const common = ['-S', '-display', 'none', '-nodefaults', '-qmp', `unix:${socket},server=on,wait=off`];
  const child = spawn(program, [...first, ...common, ...args], {
    stdio: ['ignore', 'inherit', 'pipe'],
    env: { ...process.env, ...env },
  });
  let stderr = '';
  child.stderr?.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await poll(() => answers(socket), { interval: 20, signal: patience() });
  } catch (cause) {
    await stop();
    throw new Error(`QEMU did not answer: ${stderr}`, { cause });
  }
  const words = (): string => {
    const { exitCode, signalCode } = child;
    return exitCode === null && signalCode === null ? stderr : `${stderr}[ended: ${signalCode ?? exitCode}]`;
  };
  return { process: child, socket, folder, words, [Symbol.asyncDispose]: stop };
}

/** True once QEMU greets; undefined while there is no socket, or nobody behind it. */
async function answers(path: string): Promise<true | undefined> {
  let connection: QmpConnection;
  try {
    connection = await connect({ path });
  } catch (error) {
    if (error instanceof QmpConnectError && ['qmp-no-socket', 'qmp-refused'].includes(error.code)) return undefined;
    throw error;
  }
  await connection.close();
  return true;
}
