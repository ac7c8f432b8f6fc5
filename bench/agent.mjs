/** `node bench/agent.mjs` measures the agent: what it adds to a bare `device_add`, and what it costs at rest. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { ensurePackages } from '../scripts/apt.mjs';
import { median } from './ratio.mjs';

const top = fileURLToPath(new URL('..', import.meta.url));

/** Each file of a bundle keeps its own place. */
const ownPlace = {
  name: 'own-place',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.m?[jt]s$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
      loader: path.endsWith('ts') ? 'ts' : 'js',
    }));
  },
};

/** Makes a program of one of the TypeScript files in bench/agent. @returns its path */
async function bundled(source, folder) {
  const outfile = join(folder, `${source}.mjs`);
  await build({
    entryPoints: [join(top, 'bench/agent', `${source}.ts`)],
    ...{ outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'error' },
    external: ['libsql', 'esbuild'],
    plugins: [ownPlace],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  return outfile;
}

ensurePackages(['socat'], (line) => process.stderr.write(`${line}\n`));
const folder = mkdtempSync(join(top, '.cache/bench-'));
try {
  const { stdout, stderr, status } = spawnSync(process.execPath, [await bundled('plug-rounds', folder), '21'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(stderr ?? `ended with ${status}`);
  const figures = JSON.parse(stdout);
  for (const [name, values] of Object.entries(figures))
    process.stdout.write(`${name.padEnd(12)} ${median(values).toFixed(2)} ms\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
