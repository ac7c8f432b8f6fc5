import { readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import {
  Deadline,
  DeadlineReached,
  formatProcess,
  hasEnded,
  type NamedPlace,
  parseProcess,
  poll,
  selfIdentity,
} from '../../base/index.js';
import { fail } from '../../diag/index.js';

/** ms that another qplug may take with a file before we give up, and ms between two looks. */
const PATIENCE = 10_000;
const LOOK_EVERY = 25;

/** @returns the name of a file of ours beside another: hidden, and named for what it is */
export function beside({ name }: Pick<NamedPlace, 'name'>, what: 'lock' | 'new'): string {
  return `.${name}.qplug-${what}`;
}

/**
 * Takes a file for this process alone, as far as qplugs go: a link beside it names who has it. It is made in one step, works on a disk
 * that is full, and one whose maker died is taken over.
 *
 * @param file - where it is
 * @returns what gives it back
 * @throws QplugError `vm-file-busy` · the system's error · the signal's reason
 */
export async function lockFile(file: NamedPlace, signal: AbortSignal): Promise<Disposable> {
  const mine = formatProcess(selfIdentity());
  const path = file.at(beside(file, 'lock'));
  using deadline = new Deadline(PATIENCE, signal);
  try {
    await poll(() => take(path, mine), { interval: LOOK_EVERY, signal: deadline.signal });
  } catch (error) {
    if (!(error instanceof DeadlineReached)) throw error;
    const holder = Number.parseInt(holderOf(path) ?? '', 10);
    throw fail('vm-file-busy', { path: file.path, holder, timeout: PATIENCE }, { cause: error });
  }
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
}

/** @returns true when it is ours now, undefined when another has it */
function take(path: string, mine: string): true | undefined {
  try {
    symlinkSync(mine, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const holder = holderOf(path);
  if (holder !== undefined && !lives(holder)) {
    // moved away first: of several that see it, one gets hold of it
    const gone = `${path}.gone-${process.pid}`;
    try {
      renameSync(path, gone);
      rmSync(gone, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return undefined;
}

function holderOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // given back just now, or no link, so none of ours
    if (code === 'ENOENT') return undefined;
    if (code === 'EINVAL') return '';
    throw error;
  }
}

function lives(holder: string): boolean {
  const maker = parseProcess(holder);
  return maker !== undefined && !hasEnded(maker);
}
