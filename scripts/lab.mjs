// Opens the lab for a person:
//   npm run lab                     a shell in it
//   npm run lab -- lsusb -t         one command; its output and exit code are passed on
//   npm run lab -- 'lab devices; lab pull mouse'
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { labCache, root } from './folders.mjs';
import { ensureKernel, ensureLabTools, ensureNpmPackages } from './setup.mjs';
import { ownTemporaryFolder } from './temporary.mjs';

/** Makes everything that the lab needs and loads its harness, which is TypeScript. */
export async function loadLab() {
  process.env.TMPDIR = ownTemporaryFolder(); // the machine's monitor is a socket in it
  ensureNpmPackages();
  ensureLabTools();
  ensureKernel();
  const { build } = await import('esbuild');
  const outfile = join(labCache, 'outside.mjs');
  mkdirSync(labCache, { recursive: true });
  await build({
    entryPoints: [join(root, 'test/lab/outside/index.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    external: ['esbuild'],
    logLevel: 'error',
  });
  return await import(pathToFileURL(outfile).href);
}

/** Takes one word as a line for the shell, and several as a command and its arguments. */
function commandOf(words) {
  if (words.length <= 1) return words[0] ?? '';
  return words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.chdir(root);
  try {
    const { labShell } = await loadLab();
    process.exitCode = await labShell(commandOf(process.argv.slice(2)));
  } catch (error) {
    console.error(`lab: ${error.message}`);
    process.exitCode = 125;
  }
}
