/** `node scripts/errors.mjs` writes docs/errors.md from src/diag/catalog. A unit test fails if the page differs. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { cache, root } from './folders.mjs';

const bundle = join(cache, `errors-${process.pid}.mjs`);
mkdirSync(cache, { recursive: true });
await build({
  absWorkingDir: root,
  entryPoints: ['test/documents/errors-page.ts'],
  outfile: bundle,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  logLevel: 'warning',
});
try {
  const { errorsPage } = await import(pathToFileURL(bundle).href);
  writeFileSync(join(root, 'docs/errors.md'), errorsPage(root));
} finally {
  rmSync(bundle, { force: true });
}
