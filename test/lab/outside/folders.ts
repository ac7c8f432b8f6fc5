import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The project's folder: the tests and `npm run lab` are started there. */
export const root: string = process.cwd();
/** Kernel, images and logs of the lab. */
export const labCache: string = join(root, '.cache/lab');
/** The lab's sources. */
export const labSources: string = join(root, 'test/lab');

/** The unpacked kernel that scripts/setup.mjs left in the cache. */
export interface Kernel {
  folder: string;
  release: string;
}

/**
 * The newest kernel of the cache.
 *
 * @throws Error with the command to run when there is none
 */
export function findKernel(): Kernel {
  let names: string[] = [];
  try {
    names = readdirSync(labCache).filter((name) => name.startsWith('kernel-'));
  } catch {
    // no cache yet: reported below
  }
  const newest = names.sort(new Intl.Collator('en', { numeric: true }).compare).at(-1);
  if (newest === undefined) throw new Error('the lab has no kernel: run `node scripts/setup.mjs` first');
  return { folder: join(labCache, newest), release: newest.slice('kernel-'.length) };
}
