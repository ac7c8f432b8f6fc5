import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { identifyProcess, type ProcessIdentity } from '../../src/base/index.js';
import { isRoot } from '../attackers/users.js';

/** A program in namespaces of its own; it ends when this is disposed of. */
export interface InNamespaces extends AsyncDisposable {
  readonly process: ProcessIdentity;
}

/**
 * Starts a program in new namespaces (unshare(1)), and waits until it prints its first line. A user other than root gets a user namespace as
 * well, in which this user is root.
 *
 * @param spaces - options of unshare(1): `--net`, …
 * @throws an error if the system gives no namespaces: the tests need them
 */
export async function inNamespaces(
  spaces: readonly string[],
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<InNamespaces> {
  const user = isRoot ? [] : ['--user', '--map-root-user'];
  const child = spawn('unshare', [...user, ...spaces, '--fork', '--kill-child', ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', ...env },
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  try {
    await firstLine(child);
    const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1');
    const process = identifyProcess(Number(children.trim().split(' ')[0]));
    if (process === undefined) throw new Error('the program in namespaces of its own has ended');
    return { process, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function firstLine(child: ChildProcess): Promise<void> {
  let stderr = '';
  child.stderr?.on('data', (text) => (stderr += String(text)));
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('error', reject);
    child.once('close', () => reject(new Error(`no namespaces, which these tests need: ${stderr}`)));
  });
}
