/**
 * `npm run oracle`: holds qplug's predictions against real QEMUs of several releases (docs/oracle.md). Bundles test/oracle and runs
 * it; `--help` tells the options.
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

/** Scripts know where they are, so they stay what they are. */
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
