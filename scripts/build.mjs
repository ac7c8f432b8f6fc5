/** Builds dist/: the command line and the library, bundled as ES modules that share their chunks, and the type declarations. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const top = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'));

execFileSync(process.execPath, [join(top, 'scripts/generate.mjs')], { stdio: 'inherit' });
// built in another folder and then renamed: a process that runs the old build meanwhile never gets half of each
const dist = join(top, 'dist');
const fresh = `${dist}.new-${process.pid}`;
const old = `${dist}.old-${process.pid}`;

await build({
  absWorkingDir: top,
  entryPoints: {
    'cli/main': 'src/cli/main.ts',
    index: 'src/index.ts',
    qmp: 'src/qmp/index.ts',
    planner: 'src/planner/index.ts',
  },
  outdir: fresh,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  legalComments: 'linked',
  chunkNames: 'chunks/[name]-[hash]',
  define: { 'process.env.QPLUG_VERSION': JSON.stringify(version) },
  // its Node build is CommonJS and would need a `require` at every start; this build is the same code as an ES module
  alias: { yaml: join(top, 'node_modules/yaml/browser/index.js') },
  logLevel: 'warning',
});
chmodSync(join(fresh, 'cli/main.js'), 0o755);

if (!process.argv.includes('--no-types')) {
  const tsc = join(top, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', join(top, 'tsconfig.build.json'), '--outDir', join(fresh, 'types')], {
    stdio: 'inherit',
    cwd: top,
  });
}
writeFileSync(join(fresh, 'package.json'), `${JSON.stringify({ type: 'module' })}\n`);
if (existsSync(dist)) moveAway();
renameSync(fresh, dist);
rmSync(old, { recursive: true, force: true });

/** An overlay can't rename a folder of a lower layer (a container's image), only remove it. */
function moveAway() {
  try {
    renameSync(dist, old);
  } catch (error) {
    if (error.code !== 'EXDEV') throw error;
    rmSync(dist, { recursive: true });
  }
}
