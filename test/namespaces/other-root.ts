import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProcessIdentity } from '../../src/base/index.js';
import { inNamespaces } from './in-namespaces.js';

/** A process whose root is a folder of ours, as that of a container; it waits until it is disposed of. */
export interface OtherRoot extends AsyncDisposable {
  readonly process: ProcessIdentity;
  /** Its root, as this process sees it. */
  readonly folder: string;
  /** A folder beside it, which it does not see. */
  readonly outside: string;
}

/** The programs of the host, seen from the new root as well. */
const PROGRAMS = `for one in bin sbin lib lib64 usr; do
  [ -e "/$one" ] || continue
  mkdir "$one"
  mount --rbind "/$one" "$one"
done`;

const WAYS = {
  pivot: `mount -t proc proc proc
mkdir old
pivot_root . old
cd /
umount -l /old
cd "$1"
echo there
exec sleep infinity`,
  chroot: `exec chroot . sh -c 'cd "$1"; echo there; exec sleep infinity' sh "$1"`,
};

/**
 * Starts such a process.
 *
 * @param how - `pivot`: with a root mount and a procfs of its own, as a container has them (pivot_root(2)); `chroot`: a folder is its root,
 *   and the mounts of the host are above it
 * @param prepare - lines of a shell, run in the folder of the new root
 * @param cwd - its working folder, below the root
 */
export async function otherRoot(
  how: keyof typeof WAYS,
  { prepare = '', cwd = '/' }: { readonly prepare?: string; readonly cwd?: string } = {},
): Promise<OtherRoot> {
  const top = mkdtempSync(join(tmpdir(), 'qplug-root-'));
  const [folder, outside] = [join(top, 'root'), join(top, 'outside')];
  for (const made of [folder, outside, join(folder, 'proc'), join(folder, cwd)]) mkdirSync(made, { recursive: true });
  const script = ['set -e', `mount --bind "$0" "$0"`, 'cd "$0"', PROGRAMS, prepare, WAYS[how]].join('\n');
  const spaces = how === 'pivot' ? ['--mount', '--pid'] : ['--mount'];
  const clear = (): void => rmSync(top, { recursive: true, force: true });
  try {
    const inside = await inNamespaces(spaces, ['sh', '-c', script, folder, cwd]);
    const stop = async (): Promise<void> => {
      await inside[Symbol.asyncDispose]();
      clear();
    };
    return { process: inside.process, folder, outside, [Symbol.asyncDispose]: stop };
  } catch (error) {
    clear();
    throw error;
  }
}
