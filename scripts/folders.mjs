// The project's own folder, and its cache (not in git; safe to delete).
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
/** The cache: everything that takes time to fetch or build. */
export const cache = join(root, '.cache');
/** The lab's part of the cache: kernel, images, logs of failed runs. */
export const labCache = join(cache, 'lab');
