import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { cache, root } from './folders.mjs';

/**
 * Loads a file of test/documents, which makes pages of docs/ from the source.
 *
 * @param {string} name - without its ending
 * @returns {Promise<any>} what it exports
 */
export async function loadPage(name) {
  const bundle = join(cache, `${name}-${process.pid}.mjs`);
  mkdirSync(cache, { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: [`test/documents/${name}.ts`],
    outfile: bundle,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    logLevel: 'warning',
  });
  try {
    return await import(pathToFileURL(bundle).href);
  } finally {
    rmSync(bundle, { force: true });
  }
}
