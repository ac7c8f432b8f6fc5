/**
 * `npm run oracle` compares qplug's predictions with real QEMUs of several releases (docs/oracle.md). It bundles test/oracle and runs
 * the bundle; `--help` prints the options.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { cache, root } from './folders.mjs';
import { ownTemporaryFolder } from './temporary.mjs';

process.env.TMPDIR = ownTemporaryFolder();

const bundle = join(cache, `oracle/oracle-${process.pid}.mjs`);

/** Keeps scripts out of the bundle, because they find files by their own path. */
const scriptsStay = {
  name: 'scripts-stay',
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/scripts\/.*\.mjs$/ }, ({ path, resolveDir }) => ({
      path: pathToFileURL(join(resolveDir, path)).href,
      external: true,
    })),
};

execFileSync(process.execPath, [join(root, 'scripts/generate.mjs')], { stdio: 'inherit' });
mkdirSync(join(cache, 'oracle'), { recursive: true });
await build({
  absWorkingDir: root,
  entryPoints: ['test/oracle/predictions/main.ts'],
  outfile: bundle,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  sourcemap: 'inline',
  alias: { yaml: join(root, 'node_modules/yaml/browser/index.js') },
  plugins: [scriptsStay],
  logLevel: 'warning',
});
process.once('exit', () => rmSync(bundle, { force: true }));
await import(pathToFileURL(bundle).href);
