import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from '../../scripts/folders.mjs';

/** Two users that every Debian has and nobody is: one whose QEMUs root runs, one who means harm. Neither may trace or signal the other. */
export const VM_USER = { name: 'nobody', uid: 65534, gid: 65534 } as const;
export const ATTACKER = { name: 'daemon', uid: 1, gid: 1 } as const;

/** Both exist only for root, as whom continuous integration runs; another user tries the same with no second one. */
export const isRoot: boolean = process.getuid?.() === 0;

/** A process of the attacker's that lasts until it is disposed of. */
export interface AttackingProcess extends AsyncDisposable {
  readonly pid: number;
  /** All that it has printed. */
  readonly lines: readonly string[];
}

/**
 * Starts a program of this folder as the attacker, from a copy that the attacker can read.
 *
 * @param namespace - of whose mount namespace it sees the files; default ours
 * @returns when it has printed its first line
 */
export async function attack(program: string, words: readonly string[], namespace?: number): Promise<AttackingProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'qplug-attacker-'));
  const file = join(folder, program);
  copyFileSync(join(root, 'test/attackers', program), file);
  chmodSync(folder, 0o755);
  if (isRoot) chownSync(folder, ATTACKER.uid, ATTACKER.gid);
  chmodSync(file, 0o644);
  const command = [nodeOf(folder), file, ...words];
  if (namespace === undefined) return await started(command, folder, as());
  const become = ['setpriv', `--reuid=${ATTACKER.uid}`, `--regid=${ATTACKER.gid}`, '--clear-groups'];
  return await started(
    ['nsenter', `--target=${namespace}`, '--mount', '--root', '--wd', ...become, ...command],
    folder,
    {},
  );
}

/** The Node that runs this may stand where the attacker can't reach it. */
function nodeOf(folder: string): string {
  if (spawnSync(process.execPath, ['--version'], { ...as(), cwd: folder }).status === 0) return process.execPath;
  const copy = join(folder, 'node');
  copyFileSync(process.execPath, copy);
  chmodSync(copy, 0o755);
  return copy;
}

const as = (): { readonly uid?: number; readonly gid?: number } =>
  isRoot ? { uid: ATTACKER.uid, gid: ATTACKER.gid } : {};

async function started(
  [command = '', ...args]: readonly string[],
  folder: string,
  user: ReturnType<typeof as>,
): Promise<AttackingProcess> {
  const options = { ...user, cwd: folder, env: { PATH: '/usr/bin:/bin' } };
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  let stderr = '';
  child.stderr.on('data', (text) => (stderr += String(text)));
  const first = new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      resolve();
    });
    child.once('error', reject);
    child.once('close', () => reject(new Error(`the attacker ended: ${stderr}`)));
  });
  await first;
  return {
    pid: child.pid ?? 0,
    lines,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
